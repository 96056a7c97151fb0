#include "cli/client/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/io.h"

namespace dokku::cli {

struct RawTerminal::Settings {
  termios modes{};
};

namespace {

constexpr int kLeashFd = 3;
constexpr char kAllWell = 'w';

// From the background (the shell took the terminal) tcsetattr would stop us: not while blocked.
void apply(int fd, const termios& modes) {
  sigset_t stop{};
  sigset_t before{};
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &stop, &before);
  while (::tcsetattr(fd, TCSANOW, &modes) < 0 && errno == EINTR) {
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

termios raw_from(termios modes) {
  ::cfmakeraw(&modes);
  return modes;
}

}  // namespace

TerminalSize terminal_size() {
  for (const int fd : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
      return {size.ws_col, size.ws_row};
    }
  }
  return {};
}

RawTerminal::RawTerminal(int fd) : fd_(fd), saved_(std::make_unique<Settings>()) {}

Result<std::unique_ptr<RawTerminal>> RawTerminal::enter(int fd) {
  std::unique_ptr<RawTerminal> terminal(new RawTerminal(fd));
  if (::tcgetattr(fd, &terminal->saved_->modes) < 0) return fail_syscall("tcgetattr", errno);
  terminal->start_watcher();
  terminal->resume();
  return terminal;
}

void RawTerminal::start_watcher() {
  Result<Pipe> pipe = make_pipe();
  if (!pipe) return;
  ProcessSpec spec;
  spec.program = "/proc/self/exe";
  spec.arguments = {"dokku", "--restore-terminal"};
  spec.stdin_fd = fd_;
  spec.more_fds = {pipe->read.get()};
  spec.new_session = true;
  Result<Process> watcher = Process::start(spec);
  if (!watcher) return;
  // It ends with its pipe, and nobody waits for it: it is init's to reap when we are gone.
  watcher->let_go();
  const std::string_view settings(reinterpret_cast<const char*>(&saved_->modes), sizeof(termios));
  if (write_all(pipe->write.get(), settings)) leash_ = std::move(pipe->write);
}

RawTerminal::~RawTerminal() {
  suspend();
  if (leash_.valid()) {
    // If this fails the watcher restores the same settings once more.
    [[maybe_unused]] const Result<> told = write_all(leash_.get(), std::string_view(&kAllWell, 1));
  }
}

void RawTerminal::suspend() { apply(fd_, saved_->modes); }
void RawTerminal::resume() { apply(fd_, raw_from(saved_->modes)); }

int restore_terminal_main() {
  for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) ::signal(number, SIG_IGN);
  Result<std::string> told = read_all(kLeashFd, sizeof(termios) + 1);
  if (!told || told->size() != sizeof(termios)) return 0;
  termios modes{};
  told->copy(reinterpret_cast<char*>(&modes), sizeof modes);
  apply(STDIN_FILENO, modes);
  return 0;
}

// --- a line that is not shown

NoEcho::NoEcho(int fd) : fd_(fd) {
  termios modes{};
  if (::tcgetattr(fd, &modes) < 0 || (modes.c_lflag & ECHO) == 0) return;
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  apply(fd, modes);
  changed_ = true;
}

NoEcho::~NoEcho() {
  termios modes{};
  if (!changed_ || ::tcgetattr(fd_, &modes) < 0) return;
  modes.c_lflag |= ECHO;
  apply(fd_, modes);
}

}  // namespace dokku::cli
