#include "proxy/net/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace dokku::proxy::net {
namespace {

using namespace std::chrono_literals;

struct Bell : Timer {
  void on_timer() override {
    ++rings;
    if (then) then->reset();
  }
  int rings = 0;
  std::unique_ptr<Bell>* then = nullptr;  // destroyed by the first ring
};

class Wheel : public testing::Test {
 protected:
  TimePoint start_{};
  TimerWheel wheel_{start_};
};

TEST_F(Wheel, StrikesOnceAndNeverEarly) {
  Bell bell;
  wheel_.set(bell, start_ + 1s);
  wheel_.advance(start_ + 999ms);
  EXPECT_EQ(bell.rings, 0);
  wheel_.advance(start_ + 1100ms);
  EXPECT_EQ(bell.rings, 1);
  wheel_.advance(start_ + 1h);
  EXPECT_EQ(bell.rings, 1);
}

TEST_F(Wheel, LimitsMoveBothWays) {
  Bell bell;
  wheel_.set(bell, start_ + 10s);
  wheel_.set(bell, start_ + 20s);
  wheel_.advance(start_ + 15s);
  EXPECT_EQ(bell.rings, 0);
  wheel_.set(bell, start_ + 16s);
  wheel_.advance(start_ + 16100ms);
  EXPECT_EQ(bell.rings, 1);
}

TEST_F(Wheel, HoldsLimitsBeyondOneRound) {
  Bell bell;
  wheel_.set(bell, start_ + 1h);
  for (auto now = 0s; now < 3600s; now += 7s) wheel_.advance(start_ + now);
  EXPECT_EQ(bell.rings, 0);
  wheel_.advance(start_ + 3601s);
  EXPECT_EQ(bell.rings, 1);
}

TEST_F(Wheel, SurvivesALongSleep) {
  Bell soon;
  Bell late;
  wheel_.set(soon, start_ + 1s);
  wheel_.set(late, start_ + 50s);
  wheel_.advance(start_ + 24h);
  EXPECT_EQ(soon.rings + late.rings, 2);
}

TEST_F(Wheel, SaysWhenToLookNext) {
  EXPECT_FALSE(wheel_.next().has_value());
  Bell bell;
  wheel_.set(bell, start_ + 3s);
  ASSERT_TRUE(wheel_.next().has_value());
  EXPECT_EQ(*wheel_.next(), start_ + 3s);
  wheel_.clear(bell);
  EXPECT_FALSE(wheel_.next().has_value());
}

TEST_F(Wheel, TimersMayDieWhileItStrikes) {
  Bell first;
  auto second = std::make_unique<Bell>();
  auto third = std::make_unique<Bell>();
  first.then = &second;
  wheel_.set(*third, start_ + 1s);
  wheel_.set(*second, start_ + 1s);
  wheel_.set(first, start_ + 1s);
  wheel_.advance(start_ + 2s);
  EXPECT_EQ(first.rings, 1);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(third->rings, 1);
}

}  // namespace
}  // namespace dokku::proxy::net
