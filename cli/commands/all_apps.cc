#include "cli/commands/all_apps.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "cli/output/forwarding_session.h"

namespace dokku::cli {
namespace {

using server::App;

constexpr long kThreadsMax = 64;

// What one app's deed prints, kept until the deed has ended, so that two apps do not mix.
class KeptOutput final : public ForwardingSession {
 public:
  using ForwardingSession::ForwardingSession;

  void print() {
    for (const auto& [to_stdout, bytes] : kept_) {
      if (to_stdout) {
        inner_.out(bytes);
      } else {
        inner_.err(bytes);
      }
    }
  }

  void out(std::string_view bytes) override { kept_.emplace_back(true, bytes); }
  void err(std::string_view bytes) override { kept_.emplace_back(false, bytes); }
  Result<std::string> read_stdin(std::size_t) override { return busy(); }
  Result<std::string> ask(std::string_view) override { return busy(); }
  Result<UniqueFd> open_callers_file(const std::string&) override { return busy(); }
  std::vector<UniqueFd> take_descriptors() override { return {}; }
  Result<> attach(Attachment) override { return busy(); }
  Finish finish_later() override {
    return [](int, std::string_view) {};
  }
  Result<> become(Program) override { return busy(); }

 private:
  static Fail busy() {
    return fail(Errc::conflict, "Several apps at once cannot share a terminal");
  }

  std::vector<std::pair<bool, std::string>> kept_;
};

// The one deed, its failure printed. True: it went well.
bool do_one(Invocation& call, const std::string& word, const AppDeed& deed, const App& app) {
  call.print.info1("Running " + word + " against app " + app.name.str());
  const Result<> done = deed(call, app);
  if (!done) call.print.warn(done.error().message());
  return done.has_value();
}

int one_by_one(Invocation& call, const std::string& word, const AppDeed& deed,
               const std::vector<App>& apps) {
  int errors = 0;
  for (const App& app : apps) {
    if (call.session.cancel().cancelled()) return errors;
    if (!do_one(call, word, deed, app)) ++errors;
  }
  return errors;
}

int side_by_side(Invocation& call, const std::string& word, const AppDeed& deed,
                 const std::vector<App>& apps, std::size_t width) {
  std::atomic<std::size_t> next{0};
  std::atomic<int> errors{0};
  std::mutex printing;
  const auto work = [&] {
    for (std::size_t i = next++; i < apps.size(); i = next++) {
      if (call.session.cancel().cancelled()) return;
      KeptOutput kept(call.session);
      Printer print(kept, {call.globals.quiet, call.globals.trace});
      Invocation own{kept,     call.platform, print,        call.registry, call.globals,
                     call.who, call.command,  call.options, call.args};
      if (!do_one(own, word, deed, apps[i])) ++errors;
      const std::lock_guard one_at_a_time(printing);
      kept.print();
    }
  };
  std::vector<std::jthread> threads;
  while (threads.size() < std::min(width, apps.size())) threads.emplace_back(work);
  threads.clear();  // joins
  return errors;
}

Result<std::size_t> read_width(const Invocation& call) {
  const long asked = call.options.number("parallel", 1);
  if (asked < -1 || asked > kThreadsMax) {
    return fail(Errc::invalid_argument,
                "Invalid value " + std::to_string(asked) + " for --parallel flag");
  }
  if (asked == -1) return std::size_t{std::max(1U, std::thread::hardware_concurrency())};
  return static_cast<std::size_t>(std::max(1L, asked));
}

Result<int> for_all(Invocation& call, const std::string& word, const AppDeed& deed) {
  const std::size_t width = TRY(read_width(call));
  TRY(at_most(call, 0));
  const std::vector<App> apps = TRY(call.platform.apps.list());
  if (apps.empty()) call.print.warn("You haven't deployed any applications yet");
  call.print.warn("Running " + word +
                  (width == 1 ? " in serial mode"
                              : " in parallel mode, " + std::to_string(width) + " at once"));
  for (const App& app : apps) record_event(call, app.name.str(), "--all");
  const int errors =
      width == 1 ? one_by_one(call, word, deed, apps) : side_by_side(call, word, deed, apps, width);
  if (errors == 0) return 0;
  return fail(Errc::internal, word + " command returned " + std::to_string(errors) + " errors");
}

}  // namespace

std::vector<Flag> all_apps_flags() {
  return {
      {"all", 'a', Flag::Kind::boolean, "for all apps"},
      {"parallel", 0, Flag::Kind::number, "with --all: how many apps at once, -1: one per CPU"}};
}

Result<int> for_apps(Invocation& call, const std::string& word, Missing missing,
                     const AppDeed& deed) {
  if (call.options.has("all")) return for_all(call, word, deed);
  const App app = TRY(app_argument(call, 0, missing));
  TRY(deed(call, app));
  record_event(call, app.name.str(), "");
  return 0;
}

}  // namespace dokku::cli
