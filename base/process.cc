#include "base/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

#include "base/io.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace dokku {
namespace {

// Everything the child needs, prepared before fork: after it only async-signal-safe calls happen.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<std::string> candidates;  // paths to try with execve
  std::vector<UniqueFd> cgroups;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> candidates_for(const ProcessSpec& spec) {
  if (spec.program.find('/') != std::string::npos) return {spec.program};
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const std::string& entry : spec.environment) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  std::vector<std::string> found;
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t colon = std::min(path.find(':', from), path.size());
    if (colon > from) found.push_back(path.substr(from, colon - from) + "/" + spec.program);
    from = colon + 1;
  }
  return found;
}

struct ChildFailure {
  std::int32_t err;
  char what[32];
};

[[noreturn]] void report(int fd, const char* what) {
  ChildFailure failure{errno, {}};
  std::strncpy(failure.what, what, sizeof failure.what - 1);
  [[maybe_unused]] const ssize_t ignored = ::write(fd, &failure, sizeof failure);
  ::_exit(127);
}

// Moves descriptors into place. Sources are first copied above all targets, so that none is
// overwritten before its turn.
void place_descriptors(const ProcessSpec& spec, int report_fd) {
  const int base = 3 + static_cast<int>(spec.more_fds.size());
  std::array<int, 3> standard{spec.stdin_fd, spec.stdout_fd, spec.stderr_fd};
  const int devnull = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (devnull < 0) report(report_fd, "open /dev/null");
  constexpr int kMost = 16;
  std::array<int, kMost> copies{};
  for (int i = 0; i < base && i < kMost; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const int wanted = i < 3 ? standard[index] : spec.more_fds[index - 3];
    copies[index] = ::fcntl(wanted < 0 ? devnull : wanted, F_DUPFD_CLOEXEC, 64);
    if (copies[index] < 0) report(report_fd, "dup");
  }
  for (int i = 0; i < base && i < kMost; ++i) {
    if (::dup2(copies[static_cast<std::size_t>(i)], i) < 0) report(report_fd, "dup2");
  }
  ::syscall(SYS_close_range, static_cast<unsigned>(base), ~0U, CLOSE_RANGE_CLOEXEC);
}

[[noreturn]] void run_child(const ProcessSpec& spec, const ChildPlan& plan, int report_fd,
                            pid_t parent) {
  report_fd = ::fcntl(report_fd, F_DUPFD_CLOEXEC, 128);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  if (spec.new_session && ::setsid() < 0) report(report_fd, "setsid");
  if (spec.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
  }
  for (const UniqueFd& cgroup : plan.cgroups) {
    if (::write(cgroup.get(), "0", 1) < 0) report(report_fd, "enter cgroup");
  }
  place_descriptors(spec, report_fd);
  if (spec.gid && (::setgroups(0, nullptr) < 0 || ::setgid(*spec.gid) < 0)) {
    report(report_fd, "setgid");
  }
  if (spec.uid && ::setuid(*spec.uid) < 0) report(report_fd, "setuid");
  if (spec.uid && spec.die_with_parent) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::chdir(spec.directory.c_str()) < 0) report(report_fd, "chdir");
  for (const std::string& candidate : plan.candidates) {
    ::execve(candidate.c_str(), plan.argv.data(), plan.envp.data());
    if (errno != ENOENT && errno != ENOTDIR) break;
  }
  report(report_fd, "exec");
}

struct Started {
  pid_t pid;
  UniqueFd pidfd;
};

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Of a process that nobody can reap meanwhile; kills it on failure.
Result<Started> hold(pid_t pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd.valid()) return Started{pid, std::move(pidfd)};
  const int err = errno;
  ::kill(pid, SIGKILL);
  return fail_syscall("pidfd_open", err);
}

// `run` does not return.
Result<Started> fork_child(const std::function<void()>& run) {
  const pid_t pid = ::fork();
  if (pid < 0) return fail_syscall("fork", errno);
  if (pid == 0) run();
  Result<Started> started = hold(pid);
  if (!started) reap(pid);
  return started;
}

// The child of a child that ends as soon as we hold its pidfd: until then the number is its own.
Result<Started> fork_orphan(const std::function<void()>& run) {
  Pipe number = TRY(make_pipe());
  Pipe held = TRY(make_pipe());
  const pid_t between = ::fork();
  if (between < 0) return fail_syscall("fork", errno);
  if (between == 0) {
    ::close(held.write.get());
    const pid_t pid = ::_Fork();  // fork is not for children of programs with threads
    if (pid == 0) run();
    char nothing = 0;
    [[maybe_unused]] ssize_t ignored = ::write(number.write.get(), &pid, sizeof pid);
    ignored = ::read(held.read.get(), &nothing, 1);
    ::_exit(0);
  }
  number.write.reset();
  pid_t pid = -1;
  const auto got = read_some(number.read.get(), reinterpret_cast<char*>(&pid), sizeof pid);
  Result<Started> started = fail(Errc::internal, "fork failed");
  if (got && *got == sizeof pid && pid > 0) started = hold(pid);
  held.write.reset();
  reap(between);
  return started;
}

ExitStatus to_status(const siginfo_t& info) {
  ExitStatus status;
  if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
  }
  return status;
}

}  // namespace

Result<Process> Process::start(const ProcessSpec& spec) {
  ChildPlan plan{pointers(spec.arguments), pointers(spec.environment), candidates_for(spec), {}};
  for (const std::string& file : spec.cgroup_procs_files) {
    UniqueFd cgroup = TRY(open_file(file, O_WRONLY));
    plan.cgroups.push_back(std::move(cgroup));
  }
  Pipe report_pipe = TRY(make_pipe());
  const pid_t parent = ::getpid();
  const auto run = [&] { run_child(spec, plan, report_pipe.write.get(), parent); };
  Started started = TRY(spec.orphan ? fork_orphan(run) : fork_child(run));
  report_pipe.write.reset();
  Process process(started.pid, std::move(started.pidfd), spec.orphan);
  ChildFailure failure{};
  const std::size_t got =
      TRY(read_some(report_pipe.read.get(), reinterpret_cast<char*>(&failure), sizeof failure));
  if (got == sizeof failure) {
    failure.what[sizeof failure.what - 1] = '\0';
    return fail_syscall(spec.program + ": " + failure.what, failure.err);
  }
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      orphan_(other.orphan_) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  pidfd_.swap(other.pidfd_);
  std::swap(orphan_, other.orphan_);
  return *this;
}

Process::~Process() {
  if (pid_ <= 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  if (!orphan_) reap(pid_);
}

Result<> Process::signal(int number) {
  if (pid_ <= 0) return fail(Errc::not_found, "process has ended");
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) < 0) {
    return fail_syscall("kill", errno);
  }
  return {};
}

Result<ExitStatus> Process::wait() {
  if (pid_ <= 0) return fail(Errc::not_found, "process was already waited for");
  if (orphan_) return fail(Errc::not_found, "its status is unknown");
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) < 0) {
    if (errno != EINTR) return fail_syscall("waitid", errno);
  }
  pid_ = -1;
  return to_status(info);
}

Result<ExitStatus> Process::wait_for(Duration limit) {
  const TimePoint deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&ended, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready > 0) return wait();
    if (ready < 0 && errno != EINTR) return fail_syscall("poll", errno);
    if (ready == 0) return fail(Errc::timed_out, "process is still running");
  }
}

void Process::let_go() { pid_ = -1; }

}  // namespace dokku
