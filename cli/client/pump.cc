#include "cli/client/pump.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace dokku::cli {

Pump::Pump(int from, int to, bool to_is_ours) : from_(from), to_(to), write_max_(65536) {
  struct stat info {};
  if (::fstat(to, &info) < 0) return;
  to_is_socket_ = S_ISSOCK(info.st_mode);
  if (to_is_ours) {
    ::fcntl(to, F_SETFL, ::fcntl(to, F_GETFL) | O_NONBLOCK);
  } else if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) {
    // What poll says is writable takes this much without blocking.
    write_max_ = PIPE_BUF;
  }
}

void Pump::read_once() {
  const ssize_t got = ::read(from_, buffer_.data(), buffer_.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  at_ = 0;
  used_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  // EIO: the other side of a terminal is gone, which is its way to say end of file.
  if (got <= 0) end_input();
}

void Pump::write_once() {
  const std::size_t size = std::min(used_, write_max_);
  const char* bytes = buffer_.data() + at_;
  const ssize_t wrote = to_is_socket_ ? ::send(to_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                      : ::write(to_, bytes, size);
  if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (wrote < 0) {
    state_ = State::refused;
    return;
  }
  at_ += static_cast<std::size_t>(wrote);
  used_ -= static_cast<std::size_t>(wrote);
  if (used_ == 0 && ended_) state_ = State::drained;
}

void Pump::preload(const char* bytes, std::size_t size) {
  size = std::min(size, buffer_.size());
  std::memcpy(buffer_.data(), bytes, size);
  at_ = 0;
  used_ = size;
}

void Pump::end_input() {
  ended_ = true;
  if (used_ == 0 && state_ == State::open) state_ = State::drained;
}

}  // namespace dokku::cli
