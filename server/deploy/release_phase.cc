// Commands of the app's own that a deploy runs, each once in a container of the new image.
//
// Stage "release phase", before any process starts: the Procfile's `release`, on the first deploy
// also app.json's scripts.postdeploy; when one fails, so does the deploy. After the switch:
// scripts.dokku.postdeploy. (scripts.dokku.predeploy changes the image: the builder runs it.)
#include <poll.h>

#include <cerrno>
#include <string>

#include "base/io.h"
#include "server/deploy/limits.h"
#include "server/deploy/pipeline.h"
#include "server/model/app_json.h"
#include "server/store/properties.h"
#include "server/store/releases.h"
#include "server/supervise/failure.h"

namespace dokku::server {
namespace {

constexpr std::chrono::minutes kTaskLimit{30};
constexpr const char* kFirstPostdeployDone = "app-json.first-postdeploy-done";

// Passes whole lines on as they come; the last one also without its newline.
class LinesOf {
 public:
  explicit LinesOf(Progress& progress) : progress_(progress) {}
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n' || line_.size() >= kLineBytesMax) flush();
      if (c != '\n') line_ += c;
    }
  }
  void flush() {
    progress_.detail(line_);
    line_.clear();
  }
  void end() {
    if (!line_.empty()) flush();
  }

 private:
  static constexpr std::size_t kLineBytesMax = 64 << 10;
  Progress& progress_;
  std::string line_;
};

// Copies both streams until the process has closed them.
Result<> pass_on(const Streams& streams, Progress& progress, TimePoint deadline,
                 const Clock& clock) {
  LinesOf out(progress);
  LinesOf err(progress);
  pollfd look[3] = {{streams.out.get(), POLLIN, 0},
                    {streams.err.get(), POLLIN, 0},
                    {progress.cancel().fd(), POLLIN, 0}};
  while (look[0].fd >= 0 || look[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now());
    if (left.count() <= 0) return fail(Errc::timed_out, "It took longer than 30 minutes");
    if (::poll(look, 3, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return fail_syscall("poll", errno);
    }
    if (progress.cancel().cancelled()) return fail(Errc::cancelled, "Cancelled");
    for (int i = 0; i < 2; ++i) {
      if (look[i].fd < 0 || look[i].revents == 0) continue;
      char piece[4096];
      const std::size_t got = TRY(read_some(look[i].fd, piece, sizeof piece));
      (i == 0 ? out : err).add({piece, got});
      if (got == 0) look[i].fd = -1;
    }
  }
  out.end();
  err.end();
  return {};
}

Result<AppJson> app_json_of(const Release& release) {
  const auto text = release.files.find("app.json");
  if (text == release.files.end()) return AppJson();
  return parse_app_json(text->second);
}

// A script stops at its first failure, as in Dokku.
std::vector<std::string> script(const std::string& command) {
  return {"bash", "-e", "-c", command};
}

}  // namespace

Result<> Pipeline::run_task(Deploy& deploy, const Release& release, const AppTask& task) {
  deploy.progress.detail("Executing " + task.name + " task from " + task.file +
                         " in ephemeral container: " + task.command.back());
  runtime::ImageRef image = TRY(runtime::ImageRef::parse(release.image_ref));
  RunSpec spec{.app = deploy.name(), .release = release.number, .image = std::move(image)};
  spec.port = port_of(release);
  spec.name = task.process + "." + std::to_string(release.number);
  spec.command = task.command;
  spec.input = false;
  spec.life = kTaskLimit;
  const auto look = [&](ReadTx& tx) -> Result<> {
    spec.env = TRY(process_environment(tx, deploy.app.id, release));
    spec.limits = TRY(process_limits(tx, deploy.app.id, ""));
    spec.mounts = TRY(storage_mounts(tx, deploy.app.id));
    return {};
  };
  TRY(parts_.store.read(look));
  const std::unique_ptr<OneOff> run = TRY(parts_.executor.run(spec));
  const std::string output = deploy.name() + " " + task.name + " task output";
  deploy.progress.title("Start of " + output);
  const Streams streams = run->take_streams();
  TRY(pass_on(streams, deploy.progress, parts_.clock.now() + kTaskLimit, parts_.clock));
  const runtime::Exit exit = TRY(run->wait(std::chrono::seconds(10)));
  deploy.progress.title("End of " + output);
  deploy.stage_done(task.process);
  if (exit.status == 0) return {};
  const InstanceFailure failure =
      describe_exit({deploy.name(), "The " + task.name + " task", spec.limits}, exit);
  std::string message = "Execution of " + task.name + " task failed: " + task.command.back() +
                        "\n" + failure.explanation;
  if (!failure.advice.empty()) message += "\n" + failure.advice;
  return fail(Errc::invalid_argument, message);
}

Result<> Pipeline::run_release_phase(Deploy& deploy, const Release& release) {
  const auto command = release.processes.find("release");
  deploy.progress.step("Checking for release task");
  if (command == release.processes.end()) {
    deploy.progress.detail("No release task found, skipping");
  } else {
    TRY(run_task(deploy, release, {"release", "release", "Procfile", {command->second}}));
  }
  return run_first_postdeploy(deploy, release);
}

// Once in an app's life, whatever becomes of the deploy that it belongs to: a database is not to be
// seeded twice.
Result<> Pipeline::run_first_postdeploy(Deploy& deploy, const Release& release) {
  bool done = false;
  const auto look = [&](ReadTx& tx) -> Result<> {
    const auto live = TRY(live_release(tx, deploy.app.id));
    const auto mark = TRY(property(tx, deploy.app.id, kFirstPostdeployDone));
    done = live.has_value() || mark.has_value();
    return {};
  };
  TRY(parts_.store.read(look));
  if (done) return {};
  const AppJson json = TRY(app_json_of(release));
  deploy.progress.step("Checking for heroku.postdeploy task");
  if (json.first_postdeploy.empty()) {
    deploy.progress.detail("No heroku.postdeploy task found, skipping");
    return {};
  }
  TRY(run_task(
      deploy, release,
      {"heroku.postdeploy", "heroku-postdeploy", "app.json", script(json.first_postdeploy)}));
  return parts_.store.write(
      [&](WriteTx& tx) { return set_property(tx, deploy.app.id, kFirstPostdeployDone, "true"); });
}

// The new release serves already: what goes wrong here is said, and fails nothing.
void Pipeline::run_postdeploy(Deploy& deploy, const Release& release) {
  const Result<AppJson> json = app_json_of(release);
  deploy.progress.step("Checking for postdeploy task");
  if (!json || json->postdeploy.empty()) {
    deploy.progress.detail("No postdeploy task found, skipping");
    return;
  }
  const Result<> done =
      run_task(deploy, release, {"postdeploy", "postdeploy", "app.json", script(json->postdeploy)});
  if (done) return;
  deploy.progress.warn(done.error().message() + "\nThe new release serves all the same; see more " +
                       "with: dokku logs " + deploy.name());
}

}  // namespace dokku::server
