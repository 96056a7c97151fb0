#include "proxy/h2/frame_guard.h"

namespace dokku::proxy::h2 {

FrameHead FrameHead::parse(const char* bytes) {
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  FrameHead head;
  head.length = at(0) << 16 | at(1) << 8 | at(2);
  head.type = static_cast<std::uint8_t>(at(3));
  head.flags = static_cast<std::uint8_t>(at(4));
  head.stream = static_cast<std::int32_t>((at(5) & 0x7f) << 24 | at(6) << 16 | at(7) << 8 | at(8));
  return head;
}

void FrameGuard::restart(TimePoint now) {
  started_ = now;
  resets_ = settings_ = pings_ = empty_data_ = others_ = window_updates_ = data_sent_ = 0;
}

bool FrameGuard::accept(const FrameHead& frame, TimePoint now) {
  if (now - started_ >= limits_.window) restart(now);
  switch (frame.type) {
    case kData:
      if (frame.length > 0 || (frame.flags & kEndStream) != 0) return true;
      return ++empty_data_ <= limits_.empty_data_max;
    case kHeaders:
    case kContinuation:
    case kReset:
      return true;
    case kSettings:
      return (frame.flags & kAck) != 0 || ++settings_ <= limits_.settings_max;
    case kPing:
      return ++pings_ <= limits_.pings_max + data_sent_;
    case kWindowUpdate:
      return ++window_updates_ <= limits_.window_updates_max + 4 * data_sent_;
    default:
      return ++others_ <= limits_.others_max;
  }
}

}  // namespace dokku::proxy::h2
