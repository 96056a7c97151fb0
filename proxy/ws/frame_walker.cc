#include "proxy/ws/frame_walker.h"

#include <algorithm>

namespace dokku::proxy::ws {
namespace {
constexpr std::uint8_t kOpcodeMask = 0x0f;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength16 = 126;  // two bytes of length follow
constexpr std::uint8_t kLength64 = 127;  // eight
}  // namespace

void FrameWalker::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (payload_left_ > 0) {
      const std::uint64_t taken = std::min<std::uint64_t>(payload_left_, bytes.size());
      payload_left_ -= taken;
      bytes.remove_prefix(static_cast<std::size_t>(taken));
      continue;
    }
    take_head_byte(static_cast<std::uint8_t>(bytes.front()));
    bytes.remove_prefix(1);
  }
}

void FrameWalker::take_head_byte(std::uint8_t byte) {
  const std::uint8_t at = head_bytes_++;
  if (at == 0) {
    if ((byte & kOpcodeMask) == kClose) closed_ = true;
    return;
  }
  if (at == 1) {
    const std::uint8_t length = byte & (kMasked - 1);
    length_end_ = length == kLength64 ? 10 : length == kLength16 ? 4 : 2;
    head_size_ = static_cast<std::uint8_t>(length_end_ + ((byte & kMasked) != 0 ? 4 : 0));
    length_ = length_end_ == 2 ? length : 0;
  } else if (at < length_end_) {
    length_ = length_ << 8 | byte;
  }
  if (head_bytes_ < head_size_) return;
  head_bytes_ = 0;
  payload_left_ = length_;
}

}  // namespace dokku::proxy::ws
