// dokku-init: PID 1 of every container of ours. Static, allocates nothing, throws nothing.
//
//   dokku-init -- CMD ARGS…   runs CMD, reaps, passes signals on, exits as CMD does (128 + n)
//   dokku-init --serve        runs a build's phases on command (base/phase_frames.h)
//
// SIGTERM goes to every process of the container, as on Heroku: `a && b` and `npm start` leave a
// shell in front that would keep it to itself. With a terminal CMD stays in our process group,
// which the runtime made the terminal's foreground group: so Ctrl-C reaches CMD from the kernel,
// shells can do job control, and Ctrl-Z on a command that no shell minds is ignored (an orphaned
// group) instead of leaving it stopped for ever. Without a terminal CMD gets a session of its own.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/phase_frames.h"

namespace {

using namespace dokku::phase;  // the frames are this program's only vocabulary

void say(const char* what, const char* subject, int err) {
  char line[512];
  std::size_t used = 0;
  const char* const parts[] = {"dokku-init: ", what, " ", subject, ": ", strerror(err), "\n"};
  for (const char* part : parts) {
    const std::size_t length = strnlen(part, 400);
    const std::size_t fits = length < sizeof line - used ? length : sizeof line - used;
    std::memcpy(line + used, part, fits);
    used += fits;
  }
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line, used);
}

void block_all_signals(sigset_t* old) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, old);
}

// What a program expects to start with: nothing blocked or ignored.
void restore_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int shell_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// --- one command ---------------------------------------------------------------------------------

[[noreturn]] void become_command(char** argv) {
  if (!::isatty(STDIN_FILENO)) ::setsid();
  restore_signals();
  ::execvp(argv[0], argv);
  const int err = errno;
  say("exec", argv[0], err);
  ::_exit(err == ENOENT ? 127 : 126);
}

// What the terminal sent, it sent to CMD as well.
bool from_terminal(const siginfo_t& info) { return info.si_code == SI_KERNEL; }

void pass_on(const siginfo_t& info, pid_t command) {
  switch (info.si_signo) {
    case SIGTERM:
      ::kill(-1, SIGTERM);
      ::kill(-1, SIGCONT);  // a stopped process could not act on it
      break;
    case SIGHUP:
      ::kill(from_terminal(info) ? -1 : command, SIGHUP);
      break;
    case SIGINT:
    case SIGQUIT:
    case SIGWINCH:
      if (!from_terminal(info)) ::kill(command, info.si_signo);
      break;
    case SIGUSR1:
    case SIGUSR2:
    case SIGCONT:
      ::kill(command, info.si_signo);
      break;
    default:
      break;
  }
}

int run_command(char** argv) {
  block_all_signals(nullptr);
  const pid_t command = ::fork();
  if (command < 0) {
    say("fork for", argv[0], errno);
    return 126;
  }
  if (command == 0) become_command(argv);
  sigset_t all;
  ::sigfillset(&all);
  for (;;) {
    siginfo_t info{};
    const int number = ::sigwaitinfo(&all, &info);
    if (number > 0 && number != SIGCHLD) pass_on(info, command);
    int status = 0;
    for (pid_t ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended == command) return shell_status(status);
    }
  }
}

// --- a build's phases ----------------------------------------------------------------------------

// Untouched pages of these cost nothing.
char g_request[kRequestBytesMax];
char* g_pointers[kStringsMax + 3];
char g_output[kReplyBytesMax];

// The phase that runs now. `out[0]` is stdout (or both), `out[1]` stderr; -1: at its end.
struct Phase {
  pid_t pid = -1;
  int out[2] = {-1, -1};
  timespec started{};
  int status = 0;
  rusage used{};
  bool ended = false;
};

struct StartFailure {
  int err;
  char what[16];
};

std::uint64_t nanoseconds_since(const timespec& start) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec - start.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec) - static_cast<std::uint64_t>(start.tv_nsec);
}

std::uint64_t microseconds(const timeval& t) {
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(t.tv_usec);
}

[[noreturn]] void give_up(int report, const char* what) {
  StartFailure failure{errno, {}};
  std::strncpy(failure.what, what, sizeof failure.what - 1);
  write_exactly(report, &failure, sizeof failure);
  ::_exit(127);
}

[[noreturn]] void become_phase(const RunView& run, int out, int err, int report) {
  ::setsid();
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) give_up(report, "open /dev/null");
  if (::dup2(null, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) give_up(report, "dup2");
  if (::chdir(run.directory) < 0) give_up(report, "chdir");
  restore_signals();
  ::environ = run.envp;
  ::execvp(run.argv[0], run.argv);
  give_up(report, "exec");
}

void close_pair(int (&pair)[2]) {
  for (int& end : pair) {
    if (end >= 0) ::close(end);
    end = -1;
  }
}

bool refuse(const char* what, const char* subject, int err) {
  char text[300];
  std::size_t used = 0;
  const char* const parts[] = {what, " ", subject, ": ", strerror(err)};
  for (const char* part : parts) {
    const std::size_t length = strnlen(part, 160);
    const std::size_t fits = length < sizeof text - used ? length : sizeof text - used;
    std::memcpy(text + used, part, fits);
    used += fits;
  }
  return write_frame(STDOUT_FILENO, Kind::refused, 0, text, static_cast<std::uint32_t>(used));
}

// False: the daemon is gone. A phase that could not be started was refused; phase->pid stays -1.
bool start_phase(const RunView& run, Phase* phase) {
  int out[2] = {-1, -1}, err[2] = {-1, -1}, report[2] = {-1, -1};
  const bool two = (run.flags & kSeparateStreams) != 0;
  pid_t pid = -1;
  if (::pipe2(out, O_CLOEXEC) == 0 && (!two || ::pipe2(err, O_CLOEXEC) == 0) &&
      ::pipe2(report, O_CLOEXEC) == 0) {
    ::clock_gettime(CLOCK_MONOTONIC, &phase->started);
    pid = ::fork();
  }
  if (pid < 0) {
    const int why = errno;
    close_pair(out);
    close_pair(err);
    close_pair(report);
    return refuse("start", run.argv[0], why);
  }
  if (pid == 0) become_phase(run, out[1], two ? err[1] : out[1], report[1]);
  ::close(out[1]);
  if (two) ::close(err[1]);
  ::close(report[1]);
  StartFailure failure{};
  const bool failed = read_exactly(report[0], &failure, sizeof failure);
  ::close(report[0]);
  if (failed) {
    ::close(out[0]);
    if (two) ::close(err[0]);
    ::waitpid(pid, nullptr, 0);
    failure.what[sizeof failure.what - 1] = '\0';
    const bool directory = std::strcmp(failure.what, "chdir") == 0;
    return refuse(failure.what, directory ? run.directory : run.argv[0], failure.err);
  }
  phase->pid = pid;
  phase->out[0] = out[0];
  phase->out[1] = err[0];
  return true;
}

// One read, one frame. Blocks when the daemon does not read: that is the back-pressure.
bool pass_output(Phase* phase, int index) {
  int& fd = phase->out[index];
  const ssize_t got = ::read(fd, g_output, sizeof g_output);
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) {
    ::close(fd);
    fd = -1;
    return true;
  }
  return write_frame(STDOUT_FILENO, Kind::output, static_cast<std::uint8_t>(index + 1), g_output,
                     static_cast<std::uint32_t>(got));
}

void reap(Phase* phase) {
  int status = 0;
  rusage used{};
  for (pid_t ended; (ended = ::wait4(-1, &status, WNOHANG, &used)) > 0;) {
    if (ended != phase->pid) continue;
    phase->ended = true;
    phase->status = status;
    phase->used = used;
  }
}

// The phase's own process has ended: nothing of it survives, then its last output, then the word.
bool finish_phase(Phase* phase) {
  Exited exited;
  exited.wall_ns = nanoseconds_since(phase->started);
  exited.cpu_us = microseconds(phase->used.ru_utime) + microseconds(phase->used.ru_stime);
  if (WIFSIGNALED(phase->status)) {
    exited.signal = WTERMSIG(phase->status);
  } else {
    exited.code = WEXITSTATUS(phase->status);
  }
  ::kill(-1, SIGKILL);
  int status = 0;
  for (pid_t ended; (ended = ::waitpid(-1, &status, 0)) > 0 || errno == EINTR;) {
    if (ended > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ++exited.left_over;
  }
  for (int index = 0; index < 2; ++index) {
    while (phase->out[index] >= 0) {
      if (!pass_output(phase, index)) return false;
    }
  }
  *phase = Phase{};
  unsigned char payload[kExitedBytes];
  encode_exited(exited, payload);
  return write_frame(STDOUT_FILENO, Kind::exited, 0, payload, kExitedBytes);
}

// False: end of file, stop, or nonsense; then there is nobody left to serve.
bool take_request(Phase* phase) {
  unsigned char head[kHeaderBytes];
  Header header;
  if (!read_exactly(STDIN_FILENO, head, sizeof head)) return false;
  if (!decode_header(head, kRequestBytesMax, &header)) return false;
  if (!read_exactly(STDIN_FILENO, g_request, header.length)) return false;
  if (header.kind == Kind::kill) {
    if (phase->pid > 0) ::kill(-1, SIGKILL);
    return true;
  }
  if (header.kind != Kind::run || phase->pid > 0) return false;
  RunView run;
  if (!decode_run(g_request, header.length, g_pointers, &run)) return false;
  return start_phase(run, phase);
}

bool take_signals(int signals, Phase* phase) {
  signalfd_siginfo info{};
  while (::read(signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) return false;
  }
  reap(phase);
  return true;
}

int serve() {
  block_all_signals(nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_DUMPABLE, 0);  // packs have our uid: they shall not write into our pipes
  ::fcntl(STDIN_FILENO, F_SETFD, FD_CLOEXEC);
  sigset_t all;
  ::sigfillset(&all);
  const int signals = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) return 125;
  Phase phase;
  bool served = write_frame(STDOUT_FILENO, Kind::hello, 0, nullptr, 0);
  while (served) {
    pollfd ready[4] = {{signals, POLLIN, 0},
                       {STDIN_FILENO, POLLIN, 0},
                       {phase.out[0], POLLIN, 0},
                       {phase.out[1], POLLIN, 0}};
    if (::poll(ready, 4, -1) < 0 && errno != EINTR) break;
    if (ready[0].revents != 0) served = take_signals(signals, &phase);
    if (served && phase.ended) {
      served = finish_phase(&phase);
      continue;
    }
    for (int index = 0; served && index < 2; ++index) {
      if (ready[2 + index].revents != 0) served = pass_output(&phase, index);
    }
    if (served && ready[1].revents != 0) served = take_request(&phase);
  }
  ::kill(-1, SIGKILL);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (::getpid() != 1) {  // kill(-1) anywhere else would end the whole machine
    say("start", "outside a container", EPERM);
    return 125;
  }
  if (argc == 2 && std::strcmp(argv[1], "--serve") == 0) return serve();
  if (argc >= 3 && std::strcmp(argv[1], "--") == 0) return run_command(argv + 2);
  say("usage:", "dokku-init -- CMD… | --serve", EINVAL);
  return 125;
}
