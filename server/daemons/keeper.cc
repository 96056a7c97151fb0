#include "server/daemons/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "server/daemons/daemon_log.h"
#include "server/daemons/port_ask.h"
#include "server/daemons/running.h"

namespace dokku::server {
namespace {

constexpr Duration kAskLimit = std::chrono::seconds(10);  // for one `dokku version`

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** each = ::environ; *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with("NOTIFY_SOCKET=")) all.emplace_back(*each);
  }
  return all;
}

std::string end_of(const std::optional<int>& status) {
  if (!status) return "ended";
  if (WIFSIGNALED(*status)) return "ended with signal " + std::to_string(WTERMSIG(*status));
  return "ended with status " + std::to_string(WEXITSTATUS(*status));
}

struct Question {
  Running client;
  TimePoint since;
};

struct Minded {
  DaemonPlan plan;
  Keeping keeping;
  std::optional<Running> running;
  std::optional<Question> question;
  std::filesystem::path program = {};  // what runs or ran, without links
};

// Whose end may be an upgrade's: so often is looked at where the link to its program leads.
constexpr Duration kLookAtLink = std::chrono::milliseconds(200);

std::filesystem::path without_links(const std::filesystem::path& program) {
  std::error_code missing;
  return std::filesystem::canonical(program, missing);
}

class Loop final : public Keeper {
 public:
  Loop(KeeperOptions options, const Clock& clock, UniqueFd signals)
      : options_(std::move(options)), clock_(clock), signals_(std::move(signals)) {
    for (const DaemonPlan& plan : options_.plans) {
      minded_.push_back(
          {plan, Keeping(options_.limits, clock_.now()), {}, {}, without_links(plan.program)});
      adopt(minded_.back(), "runs already");
    }
  }

  Result<> run() override {
    for (;;) {
      for (Minded& one : minded_) do_what_is_due(one);
      tell_first();
      if (told_ && !stopping_ && options_.on_turn) options_.on_turn();
      if (stopping_ && stop_next()) return {};
      TRY(wait());
      reap();
      for (Minded& one : minded_) look_at(one);
    }
  }

 private:
  // --- deeds

  void do_what_is_due(Minded& one) {
    if (waits(one) && without_links(one.plan.program) != one.program) {
      one.keeping.replaced(clock_.now());
    }
    while (may_act(one)) {
      const std::optional<Keeping::Deed> deed = one.keeping.due(clock_.now());
      if (!deed) return;
      switch (*deed) {
        case Keeping::Deed::start:
          start(one);
          break;
        case Keeping::Deed::ask:
          ask(one);
          break;
        case Keeping::Deed::terminate:
          send(one, SIGTERM);
          break;
        case Keeping::Deed::kill:
          if (one.keeping.hangs()) log::error(one.plan.name + " answers nothing; killing it");
          send(one, SIGKILL);
          break;
      }
    }
  }

  static bool waits(const Minded& one) { return one.keeping.state() == Keeping::State::waiting; }

  // Those before it have been ready, or have failed once: one that cannot start blocks nobody.
  bool may_act(const Minded& one) const {
    if (one.running || stopping_) return true;
    for (const Minded& earlier : minded_) {
      if (&earlier == &one) return true;
      if (!earlier.keeping.tried()) return false;
    }
    return true;
  }

  void start(Minded& one) {
    const Result<> started = launch(one);
    if (started) return;
    log::error(one.plan.name + ": " + started.error().message());
    one.keeping.ended(clock_.now());
  }

  Result<> launch(Minded& one) {
    const UniqueFd log = TRY(open_daemon_log(one.plan.log_file));
    one.program = without_links(one.plan.program);
    ProcessSpec spec;
    spec.program = one.plan.program;
    spec.arguments = one.plan.arguments;
    spec.environment = own_environment();
    spec.stdout_fd = log.get();
    spec.stderr_fd = log.get();
    spec.new_session = true;
    Process process = TRY(Process::start(spec));
    Running running = TRY(Running::of(process.pid()));
    TRY(running.note_in(one.plan.pid_file));
    process.let_go();  // it outlives us when we are killed
    log::info(one.plan.name + " started (process " + std::to_string(running.pid()) + ")");
    one.running = std::move(running);
    one.keeping.started(clock_.now());
    return {};
  }

  void adopt(Minded& one, const std::string& how) {
    Result<Running> there = Running::noted_in(one.plan.pid_file);
    if (!there) return;
    log::info(one.plan.name + " " + how + " (process " + std::to_string(there->pid()) + ")");
    one.running = std::move(*there);
    one.keeping.adopted(clock_.now());
  }

  void ask(Minded& one) {
    trim_daemon_log(one.plan.log_file);
    if (one.plan.ready == DaemonPlan::Ready::listens) {
      return one.keeping.answered(clock_.now(), port_answers(one.plan.port));
    }
    ProcessSpec spec;
    spec.program = options_.client;
    spec.arguments = {"dokku", "version"};
    spec.environment = {"DOKKU_SOCKET=" + options_.command_socket.string()};
    Result<Process> client = Process::start(spec);
    if (!client) return one.keeping.answered(clock_.now(), false);
    Result<Running> running = Running::of(client->pid());
    if (!running) return one.keeping.answered(clock_.now(), false);
    client->let_go();
    one.question = Question{std::move(*running), clock_.now()};
  }

  static void send(Minded& one, int number) {
    if (one.running) static_cast<void>(one.running->signal(number));  // it may just have ended
  }

  // --- what became of them

  void look_at(Minded& one) {
    if (one.question) look_at_question(one);
    if (!one.running || !one.running->has_ended()) return;
    const std::string how = end_of(status_of(one.running->pid()));
    log::warn(one.plan.name + " " + how);
    one.running.reset();
    one.question.reset();
    one.keeping.ended(clock_.now());
    adopt(one, "was replaced");  // by its successor, after an upgrade: that is ended, too
  }

  void look_at_question(Minded& one) {
    if (one.question->client.has_ended()) {
      const std::optional<int> status = status_of(one.question->client.pid());
      one.question.reset();
      one.keeping.answered(clock_.now(), status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0);
    } else if (clock_.now() - one.question->since >= kAskLimit) {
      static_cast<void>(one.question->client.signal(SIGKILL));
      one.question.reset();
      one.keeping.answered(clock_.now(), false);
    }
  }

  // All that ended, orphans too: whoever asks next finds the status of its own.
  void reap() {
    statuses_.clear();
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) statuses_[pid] = status;
  }

  std::optional<int> status_of(pid_t pid) {
    const auto found = statuses_.find(pid);
    if (found != statuses_.end()) return found->second;
    int status = 0;  // it ended after the last look
    return ::waitpid(pid, &status, WNOHANG) == pid ? std::optional<int>(status) : std::nullopt;
  }

  void tell_first() {
    if (told_) return;
    std::string trouble;
    for (const Minded& one : minded_) {
      if (!one.keeping.tried()) return;
      if (one.keeping.state() != Keeping::State::ready) trouble += one.plan.name + " ";
    }
    told_ = true;
    if (options_.on_first) options_.on_first(trouble);
  }

  // --- the end: last started first. True: all have ended.
  bool stop_next() {
    for (auto one = minded_.rbegin(); one != minded_.rend(); ++one) {
      if (one->keeping.state() == Keeping::State::stopped) continue;
      one->keeping.stop(clock_.now());
      do_what_is_due(*one);
      if (one->keeping.state() != Keeping::State::stopped) return false;
    }
    return true;
  }

  // --- waiting

  Result<> wait() {
    std::vector<pollfd> watched{{signals_.get(), POLLIN, 0}};
    std::optional<TimePoint> next;
    for (const Minded& one : minded_) {
      if (one.running) watched.push_back({one.running->fd(), POLLIN, 0});
      if (one.question) {
        watched.push_back({one.question->client.fd(), POLLIN, 0});
        soonest(next, one.question->since + kAskLimit);
      }
      const std::optional<TimePoint> due = one.keeping.next();
      if (due && may_act(one)) soonest(next, *due);
      if (waits(one)) soonest(next, clock_.now() + kLookAtLink);
    }
    if (::poll(watched.data(), watched.size(), millis_until(next)) < 0 && errno != EINTR) {
      return fail_syscall("poll", errno);
    }
    take_signals();
    return {};
  }

  static void soonest(std::optional<TimePoint>& next, TimePoint other) {
    next = next ? std::min(*next, other) : other;
  }

  int millis_until(const std::optional<TimePoint>& next) const {
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGCHLD) continue;
      if (info.ssi_signo == SIGHUP) {
        for (Minded& one : minded_) {
          if (one.plan.name == "dokku-proxy") send(one, SIGHUP);
        }
        continue;
      }
      if (info.ssi_signo == SIGUSR2) {
        if (options_.on_replace) options_.on_replace();
        continue;
      }
      if (!std::exchange(stopping_, true)) log::info("ending; apps run on");
    }
  }

  const KeeperOptions options_;
  const Clock& clock_;
  const UniqueFd signals_;
  std::vector<Minded> minded_;
  std::map<pid_t, int> statuses_;
  bool stopping_ = false;
  bool told_ = false;
};

}  // namespace

Result<std::unique_ptr<Keeper>> Keeper::create(KeeperOptions options, const Clock& clock) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}) sigaddset(&set, number);
  ::signal(SIGPIPE, SIG_IGN);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) return fail_syscall("sigprocmask", errno);
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return fail_syscall("signalfd", errno);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) return fail_syscall("subreaper", errno);
  return Result<std::unique_ptr<Keeper>>(
      std::make_unique<Loop>(std::move(options), clock, std::move(signals)));
}

}  // namespace dokku::server
