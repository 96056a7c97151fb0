#include "proxy/net/stream.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace dokku::proxy::net {

void Stream::note(std::uint32_t events) {
  if (events & EPOLLIN) readable_ = true;
  if (events & EPOLLOUT) writable_ = true;
  if (events & EPOLLRDHUP) readable_ = peer_ended_ = true;
  if (events & (EPOLLHUP | EPOLLERR)) readable_ = writable_ = peer_ended_ = broken_ = true;
}

Stream::Read Stream::read(char* into, std::size_t size) {
  if (!filter_) return receive(into, size);
  const Filter::Read got = filter_->read(*this, into, size);
  if (!got.send.empty()) {
    Gather gather;
    gather.add(got.send);
    transmit(gather);
  }
  return {got.size, got.end, got.failed};
}

Stream::Read Stream::receive(char* into, std::size_t size) {
  ssize_t got = 0;
  do {
    got = ::recv(fd_.get(), into, size, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    // A short read has emptied the socket; behind it only the end can wait.
    if (static_cast<std::size_t>(got) < size && !peer_ended_) readable_ = false;
    return {static_cast<std::size_t>(got), false, false};
  }
  readable_ = false;
  if (got == 0) return {0, true, false};
  if (errno == EAGAIN) return {};
  broken_ = true;
  return {0, false, true};
}

void Stream::keep(const Gather& gather, std::size_t skip) {
  for (std::size_t i = 0; i < gather.count(); ++i) {
    const iovec& piece = gather.data()[i];
    if (skip >= piece.iov_len) {
      skip -= piece.iov_len;
      continue;
    }
    unsent_.append(static_cast<const char*>(piece.iov_base) + skip, piece.iov_len - skip);
    skip = 0;
  }
}

bool Stream::fail_writing() {
  broken_ = readable_ = true;
  std::string().swap(unsent_);
  sent_ = 0;
  return false;
}

bool Stream::write(const Gather& gather) {
  if (!filter_ || gather.count() == 0) return transmit(gather);
  if (broken_) return fail_writing();
  Gather sealed;
  sealed.add(filter_->seal(gather));
  return sealed.count() > 0 ? transmit(sealed) : fail_writing();
}

namespace {

// For the kernel a piece is cheaper than several, by more than it costs to put small ones together.
ssize_t send_pieces(int fd, const Gather& gather) {
  const iovec* const pieces = gather.data();
  if (gather.count() == 1) return ::send(fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL);
  std::array<char, 2048> together;
  std::size_t size = 0;
  for (std::size_t i = 0; i < gather.count(); ++i) {
    if (pieces[i].iov_len > together.size() - size) {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces);
      message.msg_iovlen = gather.count();
      return ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    std::memcpy(together.data() + size, pieces[i].iov_base, pieces[i].iov_len);
    size += pieces[i].iov_len;
  }
  return ::send(fd, together.data(), size, MSG_NOSIGNAL);
}

}  // namespace

bool Stream::transmit(const Gather& gather) {
  if (broken_) return fail_writing();
  if (pending() > 0 || !writable_) {
    keep(gather, 0);
    return !broken_;
  }
  ssize_t sent = 0;
  do {
    sent = send_pieces(fd_.get(), gather);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno != EAGAIN) return fail_writing();
    sent = 0;
  }
  bytes_sent_ += static_cast<std::uint64_t>(sent);
  keep(gather, static_cast<std::size_t>(sent));
  if (pending() > 0) writable_ = false;
  return true;
}

bool Stream::write(std::string_view bytes) {
  Gather gather;
  gather.add(bytes);
  return write(gather);
}

bool Stream::flush() {
  while (pending() > 0 && writable_) {
    const ssize_t sent = ::send(fd_.get(), unsent_.data() + sent_, pending(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return fail_writing();
    if (sent > 0) {
      sent_ += static_cast<std::size_t>(sent);
      bytes_sent_ += static_cast<std::uint64_t>(sent);
    }
    if (pending() > 0) writable_ = false;
  }
  if (pending() == 0 && sent_ > 0) {
    std::string().swap(unsent_);
    sent_ = 0;
    if (ending_) ::shutdown(fd_.get(), SHUT_WR);
  }
  return !broken_;
}

void Stream::end_writing() {
  if (filter_ && !ending_) {
    Gather goodbye;
    goodbye.add(filter_->goodbye());
    if (goodbye.count() > 0 && !broken_) transmit(goodbye);
  }
  ending_ = true;
  if (pending() == 0) ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::reset_on_close() {
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Stream::acknowledge_now() {
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

std::uint64_t Stream::bytes_acknowledged() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return bytes_sent_;
  // Of a connection that we opened, the SYN is counted too.
  return info.tcpi_bytes_acked > 0 ? info.tcpi_bytes_acked - 1 : 0;
}

}  // namespace dokku::proxy::net
