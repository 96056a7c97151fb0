#include "base/clock.h"

#include <gtest/gtest.h>

namespace dokku {
namespace {

TEST(SystemClock, NeverGoesBack) {
  const std::unique_ptr<Clock> clock = system_clock();
  const TimePoint first = clock->now();
  EXPECT_GE(clock->now(), first);
}

TEST(SystemClock, WallTimeIsTheMachines) {
  const auto apart = system_clock()->wall() - std::chrono::system_clock::now();
  EXPECT_LT(std::chrono::abs(apart), std::chrono::seconds(5));
}

}  // namespace
}  // namespace dokku
