#include "base/cancel.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace dokku {

Result<CancelToken> CancelToken::create() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return fail_syscall("eventfd", errno);
  return CancelToken(std::move(event));
}

void CancelToken::cancel() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
}

bool CancelToken::cancelled() const {
  pollfd look{event_.get(), POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

}  // namespace dokku
