// Where a backup's bytes go to and come from, piece by piece: nothing is ever held whole.
//
// Implemented over descriptors here, over strings in tests. Threads: one. Blocking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "base/result.h"

namespace dokku::server {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<> write(std::string_view bytes) = 0;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `size` bytes, at least one but at the end: 0.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

// A descriptor that somebody else opened: file, pipe or socket, blocking or not. cancelled: by the
// token, also while nobody reads the other end. Borrows both.
class FdSink final : public ByteSink {
 public:
  FdSink(int fd, const CancelToken& cancel);
  Result<> write(std::string_view bytes) override;
  std::uint64_t written() const { return written_; }

 private:
  int fd_;
  const CancelToken& cancel_;
  bool waits_;  // no regular file: may have no room
  std::uint64_t written_ = 0;
};

class FdSource final : public ByteSource {
 public:
  FdSource(int fd, const CancelToken& cancel) : fd_(fd), cancel_(cancel) {}
  Result<std::size_t> read(char* into, std::size_t size) override;

 private:
  int fd_;
  const CancelToken& cancel_;
};

// Until `size` bytes are there or the source is at its end: how many there are.
Result<std::size_t> read_full(ByteSource& source, char* into, std::size_t size);

}  // namespace dokku::server
