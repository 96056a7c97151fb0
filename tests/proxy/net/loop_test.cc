#include "proxy/net/loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>

#include "base/io.h"

namespace dokku::proxy::net {
namespace {

class Counter final : public Watcher {
 public:
  explicit Counter(Loop& loop) : loop_(loop) {}
  void on_events(std::uint32_t events) override {
    if (events & EPOLLIN) loop_.again(*this);
  }
  void on_again() override {
    if (++calls_ == 3) return loop_.stop();
    loop_.again(*this);
    loop_.again(*this);  // asking twice is asking once
  }
  int calls() const { return calls_; }

 private:
  Loop& loop_;
  int calls_ = 0;
};

class LoopTest : public testing::Test {
 protected:
  std::unique_ptr<Clock> clock_ = system_clock();
  std::unique_ptr<Loop> loop_ = *Loop::create(*clock_);
  Pipe pipe_ = *make_pipe();
};

TEST_F(LoopTest, CallsAgainOncePerTurn) {
  Counter counter(*loop_);
  ASSERT_TRUE(loop_->watch(pipe_.read.get(), counter));
  ASSERT_TRUE(write_all(pipe_.write.get(), "x"));
  loop_->run();
  EXPECT_EQ(counter.calls(), 3);
}

// Two that are ready in the same turn; whichever is called first discards the other.
struct Rival final : Watcher {
  Rival(Loop& the_loop, std::unique_ptr<Rival>& the_other, int& the_calls)
      : loop(the_loop), other(the_other), calls(the_calls) {}
  void on_events(std::uint32_t) override {
    ++calls;
    if (other) loop.discard(std::move(other));
    loop.stop();
  }
  Loop& loop;
  std::unique_ptr<Rival>& other;
  int& calls;
};

TEST_F(LoopTest, WhatIsDiscardedHearsNothingMore) {
  int calls = 0;
  std::unique_ptr<Rival> first;
  std::unique_ptr<Rival> second;
  first = std::make_unique<Rival>(*loop_, second, calls);
  second = std::make_unique<Rival>(*loop_, first, calls);
  Pipe pipe = *make_pipe();
  ASSERT_TRUE(loop_->watch(pipe_.read.get(), *first));
  ASSERT_TRUE(loop_->watch(pipe.read.get(), *second));
  ASSERT_TRUE(write_all(pipe_.write.get(), "x"));
  ASSERT_TRUE(write_all(pipe.write.get(), "x"));
  loop_->run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace dokku::proxy::net
