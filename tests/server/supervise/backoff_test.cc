#include "server/supervise/backoff.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesFromATenthOfASecondToAMinute) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(0s), 100ms);
  EXPECT_EQ(backoff.next(1s), 200ms);
  EXPECT_EQ(backoff.next(59s), 400ms);
  for (int i = 0; i < 20; ++i) backoff.next(0s);
  EXPECT_EQ(backoff.next(0s), 60s);
}

TEST(Backoff, StartsAnewAfterAMinuteOfRunning) {
  Backoff backoff;
  for (int i = 0; i < 5; ++i) backoff.next(0s);
  EXPECT_EQ(backoff.next(60s), 100ms);
  EXPECT_EQ(backoff.next(0s), 200ms);
}

}  // namespace
}  // namespace dokku::server
