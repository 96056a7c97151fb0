// FrameGuard: sees each frame's head before nghttp2 does, and says when a client is up to no good
// (RFC 9113 §10.5): resets, pings, settings, priorities, empty DATA and window updates that come
// without doing any work. Counts start anew each `window`; time is passed in.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace dokku::proxy::h2 {

inline constexpr std::size_t kFrameHeadBytes = 9;
inline constexpr std::uint32_t kFrameBytesMax = 16'384;  // of a payload; we announce no other

struct FrameHead {
  std::uint32_t length = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream = 0;

  static FrameHead parse(const char* bytes);
};

enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kWindowUpdate = 8,
  kContinuation = 9,
};
inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

struct GuardLimits {
  Duration window = std::chrono::seconds(10);
  std::uint32_t resets_max = 100;  // of streams that had no answer yet, by either side
  std::uint32_t settings_max = 50;
  // PING: this many, and one for each DATA frame that we sent: gRPC measures its way by them.
  std::uint32_t pings_max = 200;
  std::uint32_t empty_data_max = 100;
  std::uint32_t others_max = 1000;  // PRIORITY, and frames that nobody knows
  // WINDOW_UPDATE: this many, and four for each DATA frame that we sent.
  std::uint32_t window_updates_max = 1000;
};

class FrameGuard {
 public:
  explicit FrameGuard(const GuardLimits& limits = {}) : limits_(limits) {}

  // False: enough of this.
  bool accept(const FrameHead& frame, TimePoint now);
  void sent_data() { ++data_sent_; }
  // A stream ended by RST_STREAM before its answer had. False: enough.
  bool stream_reset() { return ++resets_ <= limits_.resets_max; }

 private:
  void restart(TimePoint now);

  GuardLimits limits_;
  TimePoint started_{};
  std::uint32_t resets_ = 0;
  std::uint32_t settings_ = 0;
  std::uint32_t pings_ = 0;
  std::uint32_t empty_data_ = 0;
  std::uint32_t others_ = 0;
  std::uint32_t window_updates_ = 0;
  std::uint32_t data_sent_ = 0;
};

}  // namespace dokku::proxy::h2
