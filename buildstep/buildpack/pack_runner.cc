#include "buildstep/buildpack/pack_runner.h"

#include <sys/stat.h>

#include <utility>

namespace dokku::buildstep {
namespace {

using std::chrono::seconds;

// Sources the `export` files of earlier packs, then becomes the script. All of it is bash, since
// `export` files are; a script without a #! line runs too. Nothing of a user's is in this text.
constexpr const char* kRunner =
    "__dokku=(\"$@\")\n"
    "for __dokku_export in \"${__dokku[@]:1:${__dokku[0]}}\"; do . \"$__dokku_export\"; done\n"
    "exec \"${__dokku[@]:$((__dokku[0] + 1))}\"";
constexpr std::size_t kAnswerBytesMax = 1 << 20;

// For detect and release: keeps what they print.
class Collector : public PhaseWatcher {
 public:
  void output(int stream, std::string_view bytes) override {
    std::string& text = stream == 2 ? errors : answer;
    text.append(bytes.substr(0, kAnswerBytesMax - std::min(kAnswerBytesMax, text.size())));
  }
  std::string answer;
  std::string errors;
};

// For compile: lines to the user, and a sign of life when there are none.
class Shower : public PhaseWatcher {
 public:
  Shower(Output& output, LineStream& lines) : output_(output), lines_(lines) {}
  void output(int, std::string_view bytes) override {
    printed_ = true;
    lines_.feed(bytes);
  }
  void tick() override {
    lines_.tick();
    quiet_ = printed_ ? seconds(0) : quiet_ + seconds(10);
    printed_ = false;
    if (quiet_.count() > 0) {
      output_.detail("still working, " + std::to_string(quiet_.count()) + " s without output");
    }
  }

 private:
  Output& output_;
  LineStream& lines_;
  bool printed_ = false;
  seconds quiet_{0};
};

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line.substr(0, 200);
}

bool is_plain_file(const std::filesystem::path& path) {
  struct stat seen {};
  return ::lstat(path.c_str(), &seen) == 0 && S_ISREG(seen.st_mode);
}

std::string in_words(Duration time) {
  const auto whole = std::chrono::duration_cast<seconds>(time).count();
  return whole % 60 == 0 ? std::to_string(whole / 60) + " min" : std::to_string(whole) + " s";
}

std::vector<std::string> values_of(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> values;
  for (const auto& [name, value] : variables) values.push_back(value);
  return values;
}

// "curl: (6) Could not resolve host: nodejs.org" → "nodejs.org"
std::string unresolved_host(const LineStream& lines) {
  static constexpr std::string_view kSaid = "Could not resolve host: ";
  for (const std::string& line : lines.last_lines()) {
    const std::size_t at = line.find(kSaid);
    if (at == std::string::npos) continue;
    const std::size_t from = at + kSaid.size();
    return line.substr(from, line.find_first_of(" ;'\"", from) - from);
  }
  return "";
}

}  // namespace

PackRunner::PackRunner(BuildBox& box, const BuildRequest& request,
                       std::vector<std::string> environment, Output& output,
                       const CancelToken& cancel)
    : box_(box),
      request_(request),
      environment_(std::move(environment)),
      output_(output),
      cancel_(cancel),
      deadline_(std::chrono::steady_clock::now() + request.limits.total) {}

Phase PackRunner::phase_of(const PlacedPack& pack, const std::string& script,
                           std::vector<std::string> arguments) const {
  Phase phase;
  phase.argv = {"/bin/bash", "-c", kRunner, "bash", std::to_string(exports_.size())};
  phase.argv.insert(phase.argv.end(), exports_.begin(), exports_.end());
  phase.argv.push_back(pack.inside + "/bin/" + script);
  phase.argv.insert(phase.argv.end(), arguments.begin(), arguments.end());
  phase.environment = environment_;
  phase.directory = pack.inside;
  return phase;
}

Result<PhaseEnd> PackRunner::run(const Phase& phase, Duration most, PhaseWatcher& watcher) {
  const Duration left = deadline_ - std::chrono::steady_clock::now();
  const PhaseLimits limits{std::min(most, left), request_.limits.silence};
  PhaseEnd end = TRY(box_.run(phase, limits, watcher, cancel_));
  packs_own_ += end.wall;
  if (end.why == PhaseEnd::Why::cancelled) return fail(Errc::cancelled, "The build was cancelled");
  return end;
}

Result<Detected> PackRunner::detect(const PlacedPack& pack) {
  Phase phase = phase_of(pack, "detect", {box_.places().build});
  phase.separate_streams = true;
  Collector said;
  const PhaseEnd end = TRY(run(phase, request_.limits.detect, said));
  Detected found;
  found.yes = end.why == PhaseEnd::Why::ended && end.status.ok();
  found.name = first_line(said.answer);
  if (found.name.empty()) found.name = pack.name;
  found.reason = said.errors.empty() ? said.answer : said.errors;
  if (end.why != PhaseEnd::Why::ended) {
    found.reason = "bin/detect took more than " + in_words(request_.limits.detect);
  }
  return found;
}

Result<> PackRunner::compile(const PlacedPack& pack) {
  const Places& places = box_.places();
  const Phase phase = phase_of(pack, "compile", {places.build, places.cache, places.env});
  LineStream lines([this](std::string_view line) { output_.pack_line(line); },
                   values_of(request_.platform_env));
  Shower shower(output_, lines);
  const PhaseEnd end = TRY(run(phase, request_.limits.total, shower));
  lines.flush();
  TRY(judge(pack, end, lines));
  if (is_plain_file(pack.host / "export")) exports_.push_back(pack.inside + "/export");
  return {};
}

Result<> PackRunner::judge(const PlacedPack& pack, const PhaseEnd& end, const LineStream& lines) {
  switch (end.why) {
    case PhaseEnd::Why::ended:
      break;
    case PhaseEnd::Why::cancelled:
      return fail(Errc::cancelled, "The build was cancelled");
    case PhaseEnd::Why::total_limit:
      return fail(Errc::timed_out, "The build took more than " + in_words(request_.limits.total) +
                                       " and was ended (in bin/compile of " + pack.name + ")");
    case PhaseEnd::Why::silence_limit:
      return fail(Errc::timed_out, "bin/compile of " + pack.name + " printed nothing for " +
                                       in_words(request_.limits.silence) + " and was ended");
  }
  if (end.status.ok()) return {};
  return explain(pack, end, lines);
}

Fail PackRunner::explain(const PlacedPack& pack, const PhaseEnd& end, const LineStream& lines) {
  const int status = end.status.shell_status();
  std::string text = "bin/compile of " + pack.name + " failed: ";
  text += end.status.signal ? "ended by signal " + std::to_string(*end.status.signal)
                            : "exit status " + std::to_string(status);
  const bool killed = status == 137 && end.why == PhaseEnd::Why::ended;
  if (killed && box_.out_of_memory()) {
    return fail(Errc::limit_exceeded, text + "\nIt ran out of memory: a build may use " +
                                          std::to_string(request_.limits.memory_bytes >> 20) +
                                          " MB");
  }
  const std::string host = unresolved_host(lines);
  if (!host.empty()) text += "\nThere is no network name for " + host;
  if (lines.last_lines().empty()) text += "\nIt printed nothing";
  return fail(Errc::invalid_argument, text);
}

Result<ReleaseInfo> PackRunner::release(const PlacedPack& pack, const std::string& worker_program) {
  if (!is_plain_file(pack.host / "bin/release")) return ReleaseInfo{};
  Phase phase = phase_of(pack, "release", {box_.places().build, box_.places().cache});
  phase.separate_streams = true;
  Collector said;
  const PhaseEnd end = TRY(run(phase, request_.limits.detect, said));
  const auto blame = [&](const std::string& why) {
    return fail(Errc::invalid_argument, "bin/release of " + pack.name + " failed: " + why);
  };
  if (end.why != PhaseEnd::Why::ended) return blame("it took too long");
  if (!end.status.ok()) {
    return blame("exit status " + std::to_string(end.status.shell_status()) +
                 (said.errors.empty() ? "" : "\n" + first_line(said.errors)));
  }
  Result<ReleaseInfo> info = read_release(worker_program, said.answer, cancel_);
  if (!info && info.error().code() == Errc::invalid_argument) return blame(info.error().message());
  return info;
}

}  // namespace dokku::buildstep
