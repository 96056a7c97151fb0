#include "server/supervise/boot_queue.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;

class BootQueueTest : public testing::Test {
 protected:
  static InstanceKey key(const std::string& app) { return {app, "web", 1, 1}; }
  // The apps that may start now, as "a b ".
  std::string due() {
    std::string all;
    while (const auto next = queue_.next(now_)) all += next->app + " ";
    return all;
  }

  TimePoint now_ = TimePoint(1h);
  BootQueue queue_{2};
};

TEST_F(BootQueueTest, StartsSoManyAtOnceInTheirOrder) {
  for (const char* app : {"z", "a", "m"}) queue_.add(key(app));
  EXPECT_EQ(due(), "z a ");
  queue_.settled(key("a"));
  EXPECT_EQ(due(), "m ");
  queue_.settled(key("z"));
  queue_.settled(key("m"));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(BootQueueTest, ASlowOneHoldsItsPlaceForItsPatienceOnly) {
  for (const char* app : {"slow", "slower", "next"}) queue_.add(key(app));
  EXPECT_EQ(due(), "slow slower ");
  EXPECT_EQ(queue_.next_timer(), now_ + BootQueue::kPatience);
  now_ += BootQueue::kPatience - 1ms;
  EXPECT_EQ(due(), "");
  now_ += 1ms;
  EXPECT_EQ(due(), "next ");
}

TEST_F(BootQueueTest, WhatIsNotWantedAnyMoreIsNotStarted) {
  for (const char* app : {"a", "b", "gone"}) queue_.add(key(app));
  EXPECT_EQ(due(), "a b ");
  EXPECT_TRUE(queue_.contains(key("gone")));
  queue_.settled(key("gone"));
  queue_.settled(key("a"));
  EXPECT_EQ(due(), "");
}

}  // namespace
}  // namespace dokku::server
