#include "server/daemons/keeping.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using Deed = Keeping::Deed;
using State = Keeping::State;

class KeepingTest : public testing::Test {
 protected:
  std::optional<Deed> after(Duration passed) {
    now_ += passed;
    return keeping_.due(now_);
  }
  void start_and_answer() {
    ASSERT_EQ(after(0s), Deed::start);
    keeping_.started(now_);
    ASSERT_EQ(after(0s), Deed::ask);
    keeping_.answered(now_, true);
    ASSERT_EQ(keeping_.state(), State::ready);
  }

  TimePoint now_ = TimePoint(1h);
  Keeping keeping_{{.ready = 60s, .silence = 30s, .grace = 40s}, now_};
};

TEST_F(KeepingTest, IsStartedAtOnceAndAskedUntilItAnswers) {
  EXPECT_EQ(after(0s), Deed::start);
  keeping_.started(now_);
  EXPECT_EQ(after(0s), Deed::ask);
  EXPECT_EQ(after(1s), std::nullopt) << "one question at a time";
  keeping_.answered(now_, false);
  EXPECT_FALSE(keeping_.tried());
  EXPECT_EQ(after(Keeping::kAskStarting), Deed::ask);
  keeping_.answered(now_, true);
  EXPECT_EQ(keeping_.state(), State::ready);
  EXPECT_TRUE(keeping_.tried());
}

TEST_F(KeepingTest, StartsAgainEverSlowerUpToAMinute) {
  std::vector<Duration> waits;
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(keeping_.due(now_), Deed::start);
    keeping_.started(now_);
    keeping_.ended(now_);
    waits.push_back(*keeping_.next() - now_);
    EXPECT_EQ(keeping_.due(*keeping_.next() - 1ms), std::nullopt);
    now_ = *keeping_.next();
  }
  EXPECT_EQ(waits[0], 100ms);
  EXPECT_EQ(waits[1], 200ms);
  EXPECT_EQ(waits[2], 400ms);
  EXPECT_EQ(waits.back(), 60s);
}

TEST_F(KeepingTest, AMinuteOfRunningResetsThePause) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(after(60s), Deed::start);
    keeping_.started(now_);
    keeping_.ended(now_);
  }
  now_ += 60s;
  start_and_answer();
  now_ += 60s;
  keeping_.ended(now_);
  EXPECT_EQ(*keeping_.next() - now_, 100ms);
}

TEST_F(KeepingTest, AnotherProgramIsStartedAtOnce) {
  for (int i = 0; i < 8; ++i) keeping_.ended(now_);
  EXPECT_NE(keeping_.due(now_), Keeping::Deed::start);
  keeping_.replaced(now_);
  EXPECT_EQ(keeping_.due(now_), Keeping::Deed::start);
  keeping_.started(now_);
  keeping_.ended(now_);
  EXPECT_EQ(keeping_.next(), now_ + Backoff::kFirst);
}

TEST_F(KeepingTest, AStartThatFailedWaitsToo) {
  ASSERT_EQ(after(0s), Deed::start);
  keeping_.ended(now_);
  EXPECT_EQ(keeping_.due(now_), std::nullopt);
  EXPECT_EQ(after(100ms), Deed::start);
}

TEST_F(KeepingTest, SilenceOfHalfAMinuteIsItsEnd) {
  start_and_answer();
  EXPECT_EQ(after(9s), std::nullopt);
  EXPECT_EQ(after(1s), Deed::ask);
  EXPECT_EQ(after(19s), std::nullopt);
  EXPECT_EQ(after(1s), Deed::kill);
  EXPECT_TRUE(keeping_.hangs());
  EXPECT_EQ(after(1s), std::nullopt) << "once";
  keeping_.ended(now_);
  EXPECT_EQ(after(100ms), Deed::start);
}

TEST_F(KeepingTest, ALateAnswerWithinTheLimitIsForgiven) {
  start_and_answer();
  ASSERT_EQ(after(10s), Deed::ask);
  keeping_.answered(now_ + 10s, false);
  ASSERT_EQ(after(11s), Deed::ask);
  keeping_.answered(now_, true);
  EXPECT_EQ(after(10s), Deed::ask);
  EXPECT_EQ(keeping_.state(), State::ready);
}

TEST_F(KeepingTest, OneThatIsNeverReadyIsKilled) {
  ASSERT_EQ(after(0s), Deed::start);
  keeping_.started(now_);
  ASSERT_EQ(after(0s), Deed::ask);
  EXPECT_EQ(*keeping_.next(), now_ + 60s);
  EXPECT_EQ(after(60s), Deed::kill);
}

TEST_F(KeepingTest, StopIsAskedForThenForced) {
  start_and_answer();
  keeping_.stop(now_);
  EXPECT_EQ(keeping_.due(now_), Deed::terminate);
  EXPECT_EQ(after(39s), std::nullopt);
  EXPECT_EQ(after(1s), Deed::kill);
  EXPECT_FALSE(keeping_.hangs());
  keeping_.ended(now_);
  EXPECT_EQ(keeping_.state(), State::stopped);
  EXPECT_EQ(after(1h), std::nullopt);
}

TEST_F(KeepingTest, WhatWaitsForItsRestartIsStoppedAtOnce) {
  start_and_answer();
  keeping_.ended(now_);
  keeping_.stop(now_);
  EXPECT_EQ(keeping_.state(), State::stopped);
}

}  // namespace
}  // namespace dokku::server
