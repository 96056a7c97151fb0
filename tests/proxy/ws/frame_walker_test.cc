#include "proxy/ws/frame_walker.h"

#include <gtest/gtest.h>

#include <string>

namespace dokku::proxy::ws {
namespace {

std::string frame(std::uint8_t first, std::size_t size, bool masked = false) {
  std::string bytes(1, static_cast<char>(first));
  const auto put = [&](std::uint64_t value) { bytes += static_cast<char>(value & 0xff); };
  const std::uint64_t mask = masked ? 0x80 : 0;
  if (size < 126) {
    put(mask | size);
  } else if (size < 65536) {
    put(mask | 126);
    for (int shift = 8; shift >= 0; shift -= 8) put(size >> shift);
  } else {
    put(mask | 127);
    for (int shift = 56; shift >= 0; shift -= 8) put(size >> shift);
  }
  if (masked) bytes += "mask";
  // A payload full of what would be a close frame.
  return bytes + std::string(size, '\x88');
}

TEST(FrameWalker, KnowsWhereFramesEndHoweverTheyAreCut) {
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65535UL, 65536UL, 70000UL}) {
    for (const bool masked : {false, true}) {
      const std::string bytes = frame(0x82, size, masked);
      for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        FrameWalker walker;
        for (int round = 0; round < 2; ++round) {
          EXPECT_TRUE(walker.may_add());
          for (std::size_t at = 0; at < bytes.size(); at += step) {
            EXPECT_EQ(walker.may_add(), at == 0) << size << " at " << at;
            walker.feed(std::string_view(bytes).substr(at, step));
          }
        }
        EXPECT_TRUE(walker.may_add());
      }
    }
  }
}

TEST(FrameWalker, ManyFramesInOnePiece) {
  FrameWalker walker;
  walker.feed(frame(0x01, 200) + frame(0x89, 0) + frame(0x80, 5));
  EXPECT_TRUE(walker.may_add());
}

TEST(FrameWalker, AddsNothingBehindAGoodbye) {
  FrameWalker walker;
  walker.feed(frame(0x88, 2));
  EXPECT_FALSE(walker.may_add());
  FrameWalker ours;
  ours.feed(kGoingAway);
  EXPECT_FALSE(ours.may_add());
}

}  // namespace
}  // namespace dokku::proxy::ws
