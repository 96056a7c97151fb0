#include "server/backup/byte_stream.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/io.h"

namespace dokku::server {
namespace {

Result<> await(int fd, short events, const CancelToken& cancel) {
  pollfd look[2] = {{fd, events, 0}, {cancel.fd(), POLLIN, 0}};
  while (::poll(look, 2, -1) < 0) {
    if (errno != EINTR) return fail_syscall("poll", errno);
  }
  if (cancel.cancelled()) return fail(Errc::cancelled, "Cancelled");
  return {};
}

}  // namespace

FdSink::FdSink(int fd, const CancelToken& cancel) : fd_(fd), cancel_(cancel) {
  struct stat seen {};
  waits_ = ::fstat(fd, &seen) != 0 || !S_ISREG(seen.st_mode);
}

// A pipe of other people's may block: it takes what poll promises, so that cancelling works.
Result<> FdSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (cancel_.cancelled()) return fail(Errc::cancelled, "Cancelled");
    std::string_view piece = bytes;
    if (waits_) {
      TRY(await(fd_, POLLOUT, cancel_));
      piece = bytes.substr(0, PIPE_BUF);
    }
    const ssize_t done = ::write(fd_, piece.data(), piece.size());
    if (done < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (done < 0 && errno == EPIPE) {
      return fail(Errc::unavailable, "Nobody reads the backup any more");
    }
    if (done < 0) return fail_syscall("writing the backup", errno);
    written_ += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<std::size_t> FdSource::read(char* into, std::size_t size) {
  for (;;) {
    TRY(await(fd_, POLLIN, cancel_));
    const ssize_t got = ::read(fd_, into, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return fail_syscall("reading the backup", errno);
  }
}

Result<std::size_t> read_full(ByteSource& source, char* into, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    const std::size_t got = TRY(source.read(into + have, size - have));
    if (got == 0) break;
    have += got;
  }
  return have;
}

}  // namespace dokku::server
