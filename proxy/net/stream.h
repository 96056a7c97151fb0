// Stream: a connected, non-blocking TCP socket under edge-triggered epoll.
//
// Remembers what epoll said until a short read or a full send buffer takes it back, so that no call
// is made only to see EAGAIN. Bytes that the kernel does not take now are kept (pending) and sent
// by flush; whoever writes stops while anything is pending, which bounds the memory.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "proxy/net/filter.h"

namespace dokku::proxy::net {

// Pieces of one message, for one writev.
class Gather {
 public:
  void add(std::string_view piece) {
    if (piece.empty()) return;
    pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  const iovec* data() const { return pieces_.data(); }
  std::size_t count() const { return count_; }

 private:
  std::array<iovec, 8> pieces_{};
  std::size_t count_ = 0;
};

class Stream {
 public:
  Stream() = default;
  explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}

  // From now on all bytes go through it.
  void set_filter(std::unique_ptr<Filter> filter) { filter_ = std::move(filter); }
  const Filter* filter() const { return filter_.get(); }

  // Notes what epoll_wait said.
  void note(std::uint32_t events);
  void set_writable() { writable_ = true; }

  // More may be read, or the end be seen.
  bool readable() const { return readable_ || (filter_ && filter_->buffered()); }
  // The peer has sent its last byte (they may still be unread), or is gone altogether.
  bool peer_ended() const { return peer_ended_; }
  // Both directions are over: reset, or closed on both sides.
  bool broken() const { return broken_; }

  struct Read {
    std::size_t size = 0;
    bool end = false;     // orderly end of the peer's bytes
    bool failed = false;  // reset
  };
  Read read(char* into, std::size_t size);
  // The same past the filter, for the filter.
  bool socket_readable() const { return readable_; }
  Read receive(char* into, std::size_t size);

  // Sends what can be sent now and keeps the rest. False: the connection is broken; what the peer
  // said before may still be read.
  bool write(const Gather& gather);
  bool write(std::string_view bytes);
  bool flush();
  std::size_t pending() const { return unsent_.size() - sent_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

  // Ends our direction, once everything pending is out.
  void end_writing();
  // Makes close() reset the connection: the peer must not take what it got for the whole.
  void reset_on_close();
  // Acknowledges what has been read, without the kernel's usual delay of up to 40 ms.
  void acknowledge_now();
  // How many of bytes_sent() the peer's kernel has acknowledged; also after a reset. What was not
  // acknowledged, no program over there has read.
  std::uint64_t bytes_acknowledged() const;

  int fd() const { return fd_.get(); }
  bool open() const { return fd_.valid(); }
  void close() { fd_.reset(); }

 private:
  bool transmit(const Gather& gather);
  void keep(const Gather& gather, std::size_t skip);
  bool fail_writing();

  UniqueFd fd_;
  std::unique_ptr<Filter> filter_;
  bool readable_ = false;
  bool writable_ = false;
  bool peer_ended_ = false;
  bool broken_ = false;
  bool ending_ = false;
  std::size_t sent_ = 0;
  std::string unsent_;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace dokku::proxy::net
