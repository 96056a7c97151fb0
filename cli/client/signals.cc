#include "cli/client/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace dokku::cli {

Result<Signals> Signals::block(std::initializer_list<int> numbers) {
  Signals signals;
  sigemptyset(&signals.blocked_);
  for (const int number : numbers) sigaddset(&signals.blocked_, number);
  ::signal(SIGPIPE, SIG_IGN);
  if (::sigprocmask(SIG_BLOCK, &signals.blocked_, &signals.before_) < 0) {
    return fail_syscall("sigprocmask", errno);
  }
  signals.fd_ = UniqueFd(::signalfd(-1, &signals.blocked_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_.valid()) return fail_syscall("signalfd", errno);
  return signals;
}

std::optional<int> Signals::take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void Signals::add(int number) {
  sigaddset(&blocked_, number);
  ::sigprocmask(SIG_BLOCK, &blocked_, nullptr);
  ::signalfd(fd_.get(), &blocked_, SFD_CLOEXEC | SFD_NONBLOCK);
}

void Signals::restore() {
  if (!fd_.valid()) return;
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  fd_.reset();
}

}  // namespace dokku::cli
