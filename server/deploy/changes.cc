#include "server/deploy/changes.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace dokku::server {

Changes::Changes(Executor& executor, const std::string& app)
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      watch_(executor.watch([this, app](const InstanceSeen& seen) {
        if (seen.app == app) ring();
      })) {}

void Changes::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
}

void Changes::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
}

Result<> Changes::wait(const CancelToken* cancel, TimePoint deadline, const Clock& clock) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now());
  if (left.count() <= 0) return fail(Errc::timed_out, "nothing happened in time");
  pollfd look[2] = {{event_.get(), POLLIN, 0}, {cancel ? cancel->fd() : -1, POLLIN, 0}};
  if (::poll(look, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) {
    return fail_syscall("poll", errno);
  }
  clear();
  if (cancel != nullptr && cancel->cancelled()) return fail(Errc::cancelled, "Cancelled");
  return {};
}

}  // namespace dokku::server
