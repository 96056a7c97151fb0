// AckPolicy: when bytes are to be acknowledged at once, without the kernel's delay of up to 40 ms.
//
// A sender with Nagle's algorithm that writes a message in pieces holds the second back until the
// first is acknowledged. So what begins a message, or has left it in the middle, is acknowledged;
// but not each event of a long stream, and nothing of a tunnel: nothing says that more is owed, and
// an extra packet for each would cost more than forwarding it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dokku::proxy::session {

class AckPolicy {
 public:
  void begin(std::uint8_t early_acks_max) { left_ = early_acks_max; }
  // Longer reads make the kernel acknowledge by itself.
  static bool small(std::size_t size) { return size < 4096; }
  // After a small read. `owed`: more is owed for certain.
  bool wants(bool owed) {
    if (left_ == 0) return owed;
    --left_;
    return true;
  }

 private:
  std::uint8_t left_ = 0;
};

}  // namespace dokku::proxy::session
