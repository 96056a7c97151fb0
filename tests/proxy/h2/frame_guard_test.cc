#include "proxy/h2/frame_guard.h"

#include <gtest/gtest.h>

namespace dokku::proxy::h2 {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(FrameHead, IsNineBytes) {
  const FrameHead head = FrameHead::parse("\x01\x02\x03\x09\x04\xff\x00\x00\x05");
  EXPECT_EQ(head.length, 0x010203U);
  EXPECT_EQ(head.type, kContinuation);
  EXPECT_EQ(head.flags, kEndHeaders);
  EXPECT_EQ(head.stream, 0x7f000005);  // without the reserved bit
}

TEST(FrameGuard, CountsPingsUntilItIsEnough) {
  FrameGuard guard;
  const GuardLimits limits;
  for (std::uint32_t i = 0; i < limits.pings_max; ++i) {
    ASSERT_TRUE(guard.accept({8, kPing, 0, 0}, kStart));
  }
  EXPECT_FALSE(guard.accept({8, kPing, 0, 0}, kStart));
}

// A client of gRPC measures its way with a ping for each answer or so.
TEST(FrameGuard, PingsAreFineAsLongAsDataFlows) {
  FrameGuard guard;
  const GuardLimits limits;
  for (std::uint32_t i = 0; i < 10 * limits.pings_max; ++i) {
    guard.sent_data();
    ASSERT_TRUE(guard.accept({8, kPing, 0, 0}, kStart));
  }
}

TEST(FrameGuard, ForgetsWhenTheWindowIsOver) {
  FrameGuard guard;
  const GuardLimits limits;
  for (std::uint32_t i = 0; i <= limits.pings_max; ++i) {
    [[maybe_unused]] const bool fine = guard.accept({8, kPing, 0, 0}, kStart);
  }
  EXPECT_TRUE(guard.accept({8, kPing, 0, 0}, kStart + limits.window));
}

TEST(FrameGuard, WindowUpdatesAreFineAsLongAsDataFlows) {
  FrameGuard guard;
  const GuardLimits limits;
  for (std::uint32_t i = 0; i < 10 * limits.window_updates_max; ++i) {
    guard.sent_data();
    ASSERT_TRUE(guard.accept({4, kWindowUpdate, 0, 1}, kStart));
  }
  FrameGuard other;
  std::uint32_t accepted = 0;
  while (other.accept({4, kWindowUpdate, 0, 1}, kStart)) ++accepted;
  EXPECT_EQ(accepted, limits.window_updates_max);
}

TEST(FrameGuard, DataWithBytesOrAnEndIsNeverTooMuch) {
  FrameGuard guard;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(guard.accept({1, kData, 0, 1}, kStart));
    ASSERT_TRUE(guard.accept({0, kData, kEndStream, 1}, kStart));
  }
}

TEST(FrameGuard, ResetsAreBounded) {
  FrameGuard guard;
  const GuardLimits limits;
  for (std::uint32_t i = 0; i < limits.resets_max; ++i) ASSERT_TRUE(guard.stream_reset());
  EXPECT_FALSE(guard.stream_reset());
}

}  // namespace
}  // namespace dokku::proxy::h2
