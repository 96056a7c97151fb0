#include "cli/session/job_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace dokku::cli {
namespace {

TEST(JobPool, RunsAllThatWasAccepted) {
  std::atomic<int> done = 0;
  {
    JobPool pool({4, 1000, std::chrono::milliseconds(1)});
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(pool.post([&] { ++done; }));
  }
  EXPECT_EQ(done, 500);
}

TEST(JobPool, RefusesWhenTooManyWaitButNeverAHangUp) {
  std::promise<void> go;
  std::shared_future<void> gate = go.get_future().share();
  std::promise<void> started;
  JobPool pool({1, 2, std::chrono::seconds(10)});
  std::atomic<int> done = 0;
  ASSERT_TRUE(pool.post([&] {
    started.set_value();
    gate.wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.post([&] { ++done; }));
  EXPECT_TRUE(pool.post([&] { ++done; }));
  EXPECT_FALSE(pool.post([&] { ++done; }));
  pool.post_always([&] { ++done; });
  EXPECT_FALSE(pool.wait_until_idle(Duration::zero()));
  go.set_value();
  EXPECT_TRUE(pool.wait_until_idle(std::chrono::seconds(10)));
  EXPECT_EQ(done, 3);
}

TEST(JobPool, JobsRunAtTheSameTime) {
  JobPool pool({3, 10, std::chrono::seconds(10)});
  std::atomic<int> inside = 0;
  std::promise<void> all_inside;
  std::shared_future<void> gate = all_inside.get_future().share();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.post([&] {
      if (++inside == 3) all_inside.set_value();
      gate.wait();
    }));
  }
  EXPECT_EQ(gate.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(pool.wait_until_idle(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace dokku::cli
