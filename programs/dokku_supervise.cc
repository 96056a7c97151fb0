// dokku-supervise: keeps the daemons of an instance running where no systemd does.
//
//   dokku-supervise --config FILE             in the foreground, until SIGTERM
//   dokku-supervise --config FILE --start     in the background; returns when commands are answered
//   dokku-supervise --config FILE --stop      ends it and its daemons; apps and containerd run on
//   dokku-supervise --config FILE --status    what runs; exit status 1: not all of it
//   dokku-supervise --config FILE --become NAME
//                                             executes one of them in its place, as units do
//   dokku-supervise --config FILE --upgrade VERSION
//                                             another version of all programs takes over, and goes
//                                             again when it is no good (docs/operate.md, Upgrade)
//   dokku-supervise --config FILE --rollback  the version before it does
//   dokku-supervise --config FILE --settle    finishes or undoes an upgrade that was cut off
//   dokku-supervise --hold-cgroup             keeps the cgroup that it is in (dokku-apps.service)
//
// FILE is the instance's (docs/formats.md). The daemons: dokku-proxy, dokkud, and sshd where the
// instance has its own. See server/daemons/keeper.h.
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "server/daemons/cgroup_keeper.h"
#include "server/daemons/daemon_log.h"
#include "server/daemons/keeper.h"
#include "server/daemons/plan.h"
#include "server/daemons/running.h"
#include "server/daemons/upgrade_call.h"
#include "server/daemons/version_folder.h"

namespace {

using namespace dokku;          // NOLINT: this file is the program
using namespace dokku::server;  // NOLINT

constexpr auto kStartLimit = std::chrono::seconds(90);
constexpr auto kStopLimit = std::chrono::seconds(150);
constexpr int kReadyFd = 3;  // of the one in the background: where it says what became of the start
constexpr std::size_t kLastWordsBytes = 1500;

struct Arguments {
  std::string config;
  std::string deed;   // "", "--start", "--upgrade", …
  std::string value;  // of --become and --upgrade
};

constexpr std::array<std::string_view, 7> kDeeds{
    "--start", "--stop", "--status", "--in-background", "--hold-cgroup", "--rollback", "--settle"};
constexpr std::array<std::string_view, 2> kDeedsWithValue{"--become", "--upgrade"};

bool one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Result<Arguments> read_arguments(const std::vector<std::string>& words) {
  Arguments read;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool has_value = i + 1 < words.size();
    if (word == "--config" && has_value) {
      read.config = words[++i];
    } else if (read.deed.empty() && has_value && one_of(kDeedsWithValue, word)) {
      read.deed = word;
      read.value = words[++i];
    } else if (read.deed.empty() && one_of(kDeeds, word)) {
      read.deed = word;
    } else {
      return fail(Errc::invalid_argument, "unknown argument: " + word);
    }
  }
  if (!read.config.empty() || read.deed == "--hold-cgroup") return read;
  return fail(Errc::invalid_argument,
              "usage: dokku-supervise --config FILE [--start|--stop|--status|--become NAME|"
              "--upgrade VERSION|--rollback|--settle]");
}

// What all deeds need: the instance and its daemons.
struct Place {
  Instance instance;
  Upkeep upkeep;
  std::string config;
  std::vector<DaemonPlan> plans;

  std::filesystem::path lock_file() const { return in_run("dokku-supervise.lock"); }
  std::filesystem::path pid_file() const { return in_run("dokku-supervise.pid"); }
  std::filesystem::path in_run(const char* name) const { return instance.run_dir / name; }
  std::filesystem::path log_file() const { return upkeep.daemon_logs_dir / "dokku-supervise.log"; }

  static Result<Place> load(const std::string& config) {
    Place place;
    std::error_code error;
    place.config = std::filesystem::absolute(config, error);
    place.instance = TRY(Instance::load(config));
    place.upkeep = TRY(Upkeep::load(config, place.instance));
    place.plans = plans_of(place.instance, place.upkeep, place.config);
    return place;
  }
};

// One per instance; the kernel lets go of it when we die. conflict: another one has it.
Result<UniqueFd> lock(const Place& place) {
  std::error_code error;
  std::filesystem::create_directories(place.instance.run_dir, error);
  if (error) return fail(Errc::internal, place.instance.run_dir.string() + ": " + error.message());
  UniqueFd lock = TRY(open_file(place.lock_file(), O_RDWR | O_CREAT, 0644));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return fail(Errc::conflict,
              "another dokku-supervise keeps the instance " + place.instance.name + " running");
}

// For who has just taken another's place: whoever looks whether the lock is held holds it as it
// looks (server/daemons/upgrade_world.cc).
Result<UniqueFd> lock_soon(const Place& place) {
  constexpr int kTries = 50, kPauseMs = 20;
  for (int i = 0;; ++i) {
    Result<UniqueFd> held = lock(place);
    if (held || i == kTries || held.error().code() != Errc::conflict) return held;
    ::poll(nullptr, 0, kPauseMs);
  }
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** each = ::environ; *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

// By the programs that it began from: they are known to work.
void settle_what_was_left(const Place& place) {
  if (!upgrade_was_left(place.instance)) return;
  const auto record = UpgradeRecord::load(place.instance);
  const auto versions = VersionFolder::behind(place.instance.helpers_dir);
  if (!record || !versions) return;
  log::warn("the upgrade to " + record->to + " was cut off; settling it");
  const Result<UniqueFd> log = open_daemon_log(place.log_file());
  if (!log) return;
  ProcessSpec spec;
  spec.program = versions->path_of(record->from) / "dokku-supervise";
  spec.arguments = {"dokku-supervise", "--config", place.config, "--settle"};
  spec.environment = own_environment();
  spec.stdout_fd = log->get();
  spec.stderr_fd = log->get();
  spec.new_session = true;
  Result<Process> settler = Process::start(spec);
  if (settler) return settler->let_go();
  log::error("settling the upgrade: " + settler.error().message());
}

// The daemons stay our children, and the lock is free for what comes.
void become_the_program_on_disk(const Place& place) {
  const std::string program = (place.instance.helpers_dir / "dokku-supervise").string();
  log::info("becoming " + program);
  ::execl(program.c_str(), "dokku-supervise", "--config", place.config.c_str(), nullptr);
  log::error(program + ": " + std::generic_category().message(errno));
}

Result<int> keep(const Place& place, const UniqueFd& ready) {
  const UniqueFd held = TRY(lock_soon(place));
  const Running self = TRY(Running::of(::getpid()));
  TRY(self.note_in(place.pid_file()));
  const std::unique_ptr<Clock> clock = system_clock();
  KeeperOptions options;
  options.plans = place.plans;
  options.client = place.instance.helpers_dir / "dokku";
  options.command_socket = place.instance.command_socket();
  options.on_first = [&](const std::string& trouble) {
    if (trouble.empty()) log::info("all daemons of " + place.instance.name + " run");
    if (ready.valid()) static_cast<void>(write_all(ready.get(), "done " + trouble + "\n"));
  };
  options.on_turn = [&] { settle_what_was_left(place); };
  options.on_replace = [&] { become_the_program_on_disk(place); };
  const std::unique_ptr<Keeper> keeper = TRY(Keeper::create(std::move(options), *clock));
  TRY(keeper->run());
  ::unlink(place.pid_file().c_str());
  return 0;
}

Result<int> keep_in_background(const Place& place) {
  const UniqueFd ready(kReadyFd);
  ::fcntl(kReadyFd, F_SETFD, FD_CLOEXEC);
  return keep(place, ready);
}

std::string last_words(const std::filesystem::path& file) {
  const Result<std::string> text = read_file(file, kDaemonLogBytesMax + (1U << 20));
  if (!text) return "";
  std::string last = text->substr(text->size() - std::min(text->size(), kLastWordsBytes));
  if (last.size() < text->size()) last.erase(0, last.find('\n') + 1);
  return last;
}

void say_trouble(const Place& place, const std::string& which) {
  for (const DaemonPlan& plan : place.plans) {
    if (which.find(plan.name + " ") == std::string::npos) continue;
    std::fprintf(stderr, " !     %s did not start. The end of %s:\n%s", plan.name.c_str(),
                 plan.log_file.c_str(), last_words(plan.log_file).c_str());
  }
}

// What the one in the background says, or how it ended.
Result<int> await_first(const Place& place, Process& background, const UniqueFd& said) {
  pollfd waited{said.get(), POLLIN, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kStartLimit).count();
  const int readable = ::poll(&waited, 1, static_cast<int>(limit));
  std::string words(256, '\0');
  std::size_t got = 0;
  if (readable > 0) got = TRY(read_some(said.get(), words.data(), words.size()));
  words.resize(got);
  if (got == 0) {
    std::fprintf(stderr, " !     dokku-supervise %s. The end of %s:\n%s",
                 readable > 0 ? "ended" : "is not done yet", place.log_file().c_str(),
                 last_words(place.log_file()).c_str());
    if (readable == 0) background.let_go();
    return 1;
  }
  background.let_go();
  say_trouble(place, words);
  return words == "done \n" ? 0 : 1;
}

Result<int> start(const Place& place) {
  {
    const Result<UniqueFd> available = lock(place);
    if (!available && available.error().code() == Errc::conflict) {
      std::printf("       the instance %s is kept running already\n", place.instance.name.c_str());
      return 0;
    }
    if (!available) return Fail(available.error());
  }
  const UniqueFd log = TRY(open_daemon_log(place.log_file()));
  Pipe said = TRY(make_pipe());
  ProcessSpec spec;
  spec.program = "/proc/self/exe";
  spec.arguments = {"dokku-supervise", "--config", place.config, "--in-background"};
  spec.environment = own_environment();
  spec.stdout_fd = log.get();
  spec.stderr_fd = log.get();
  spec.more_fds = {said.write.get()};
  spec.new_session = true;
  Process background = TRY(Process::start(spec));
  said.write.reset();
  return await_first(place, background, said.read);
}

Result<int> stop(const Place& place) {
  const Result<Running> running = Running::noted_in(place.pid_file());
  if (!running) {
    std::printf("       nobody keeps the instance %s running\n", place.instance.name.c_str());
    return 0;
  }
  TRY(running->signal(SIGTERM));
  pollfd ended{running->fd(), POLLIN, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kStopLimit).count();
  if (::poll(&ended, 1, static_cast<int>(limit)) > 0) return 0;
  return fail(Errc::timed_out, "it does not end; see " + place.log_file().string());
}

Result<int> status(const Place& place) {
  int missing = 0;
  const auto look = [&](const std::string& name, const std::filesystem::path& pid_file) {
    const Result<Running> running = Running::noted_in(pid_file);
    if (running) {
      std::printf("       %s runs (process %d)\n", name.c_str(), running->pid());
    } else {
      std::printf("       %s does not run\n", name.c_str());
      missing = 1;
    }
  };
  look("dokku-supervise", place.pid_file());
  for (const DaemonPlan& plan : place.plans) look(plan.name, plan.pid_file);
  return missing;
}

Result<int> become(const Place& place, const std::string& name) {
  DaemonPlan plan = TRY(plan_named(place.plans, name));
  std::vector<char*> words;
  for (std::string& word : plan.arguments) words.push_back(word.data());
  words.push_back(nullptr);
  ::execv(plan.program.c_str(), words.data());
  return fail_syscall("executing " + plan.program.string(), errno);
}

// Whoever asked for it may go, and its terminal with it.
Result<int> upgrade(const Place& place, const Arguments& arguments) {
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::signal(number, SIG_IGN);
  const std::unique_ptr<Clock> clock = system_clock();
  const auto tell = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  const UpgradeCall call{place.instance, place.upkeep.daemon_logs_dir, place.config, *clock, tell};
  const auto deed = [&] {
    if (arguments.deed == "--rollback") return call.back();
    return arguments.deed == "--settle" ? call.settle() : call.to(arguments.value);
  };
  const Result<UpgradeRecord> record = deed();
  const bool nothing_left =
      !record && arguments.deed == "--settle" && record.error().code() == Errc::not_found;
  if (nothing_left) return 0;
  if (!record) return Fail(record.error());
  const bool done = record->state == UpgradeRecord::State::done;
  std::fputs(outcome_of(*record).c_str(), done ? stdout : stderr);
  // A unit that settles has done its work either way.
  return done || arguments.deed == "--settle" ? 0 : 1;
}

// Until a signal ends it: the group is there as long as it is. Where version 2 has the controllers,
// a group with a process has no limited groups below it (kernel: cgroup-v2, "No Internal Process
// Constraint"); beside version 1 it is for systemd's own book-keeping, and mounted elsewhere.
Result<int> hold_cgroup() {
  const std::filesystem::path root = "/sys/fs/cgroup";
  std::error_code ignored;
  const std::string text = TRY(read_file("/proc/self/cgroup"));
  const std::string group = unified_cgroup_of(text);
  const bool is_inside = group.find_first_not_of('/') != std::string::npos;
  if (is_inside && std::filesystem::exists(root / "cgroup.controllers", ignored)) {
    TRY(move_aside(root, group, ::getpid()));
  }
  TRY(notify("READY=1"));
  ::pause();
  return 0;
}

Result<int> run(const Arguments& arguments) {
  if (arguments.deed == "--hold-cgroup") return hold_cgroup();
  const Place place = TRY(Place::load(arguments.config));
  if (arguments.deed == "--start") return start(place);
  if (arguments.deed == "--stop") return stop(place);
  if (arguments.deed == "--status") return status(place);
  if (arguments.deed == "--become") return become(place, arguments.value);
  if (arguments.deed == "--upgrade" || arguments.deed == "--rollback" ||
      arguments.deed == "--settle") {
    return upgrade(place, arguments);
  }
  if (arguments.deed == "--in-background") return keep_in_background(place);
  return keep(place, UniqueFd());
}

void say(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    std::fprintf(stderr, " !     %.*s\n", static_cast<int>(line.size()), line.data());
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(022);
  const Result<Arguments> arguments = read_arguments({argv + 1, argv + argc});
  const Result<int> done = arguments ? run(*arguments) : Result<int>(Fail(arguments.error()));
  if (done) return *done;
  say(done.error().message());
  return arguments ? 1 : 2;
}
