// FrameWalker: follows the frames of one direction of a websocket (RFC 6455 §5.2) without touching
// them, so that a tunnel which must end can say so in a frame of its own: "going away", where an
// end without a word would look like a broken network.
//
// Knows no socket. Fed with whatever pieces there are.
#pragma once

#include <cstdint>
#include <string_view>

namespace dokku::proxy::ws {

// A server's close frame with status 1001 (RFC 6455 §5.5.1, §7.4.1).
inline constexpr std::string_view kGoingAway{"\x88\x02\x03\xe9", 4};

class FrameWalker {
 public:
  void feed(std::string_view bytes);
  // Between two frames, and nobody has said goodbye: a frame may be added here.
  bool may_add() const { return head_bytes_ == 0 && payload_left_ == 0 && !closed_; }

 private:
  void take_head_byte(std::uint8_t byte);

  std::uint8_t head_bytes_ = 0;  // of the head under way
  std::uint8_t head_size_ = 0;   // known from its second byte
  std::uint8_t length_end_ = 0;  // where the longer forms of the length end
  bool closed_ = false;
  std::uint64_t length_ = 0;  // as far as it is known
  std::uint64_t payload_left_ = 0;
};

}  // namespace dokku::proxy::ws
