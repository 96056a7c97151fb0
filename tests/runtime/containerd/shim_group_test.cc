// Containers that share a shim: what its end, and that of the first of them, does to the others.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/io.h"
#include "tests/runtime/containerd/real_containerd.h"

namespace dokku::testing {
namespace {

using namespace std::chrono_literals;
using runtime::ContainerId;
using runtime::ContainerSpec;
using runtime::Seen;

class ShimGroup : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why_not = RealContainerd::why_not();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    real_ = &RealContainerd::get();
  }
  void TearDown() override {
    for (const ContainerId& id : made_) EXPECT_TRUE(c().remove(id).has_value()) << id.str();
  }

  runtime::Containers& c() { return real_->containers(); }
  ContainerSpec spec(const std::string& group, std::vector<std::string> words) {
    static std::atomic<int> counter{0};
    words.insert(words.begin(), "/testbox");
    const std::string id = "group." + std::to_string(++counter);
    ContainerSpec made{*ContainerId::parse(id), real_->image(), {}};
    made.args = std::move(words);
    made.shim_group = group;
    made_.push_back(made.id);
    return made;
  }
  ContainerSpec run(const std::string& group) {
    ContainerSpec made = spec(group, {"sleep"});
    EXPECT_TRUE(c().create(made).has_value());
    const auto started = c().start(made.id, {});
    EXPECT_TRUE(started.has_value()) << started.error().message();
    return made;
  }
  // 0: it does not run.
  pid_t shim_of(const ContainerSpec& made) {
    const auto seen = c().inspect(made.id);
    if (!seen || seen->state != Seen::State::running) return 0;
    const std::string status =
        read_file("/proc/" + std::to_string(seen->pid) + "/status").value_or("PPid:\t0");
    return std::stoi(status.substr(status.find("PPid:") + 5));
  }

  RealContainerd* real_ = nullptr;
  std::vector<ContainerId> made_;
};

// Each start comes when the last container before it has just ended, and its shim with it.
TEST_F(ShimGroup, AStartSurvivesMeetingAShimThatEnds) {
  constexpr int kThreads = 3;
  constexpr int kRounds = 10;
  std::vector<ContainerSpec> specs;
  for (int i = 0; i < kThreads * kRounds; ++i) specs.push_back(spec("app", {"exit", "0"}));
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        const ContainerSpec& made = specs[static_cast<std::size_t>(i * kRounds + round)];
        ASSERT_TRUE(c().create(made).has_value());
        const auto started = c().start(made.id, {});
        EXPECT_TRUE(started.has_value()) << started.error().message();
        const auto exit = c().wait(made.id, 20s);
        EXPECT_TRUE(exit.has_value() && exit->status == 0) << made.id.str();
        EXPECT_TRUE(c().remove(made.id).has_value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ShimGroup, OutlivesItsFirstContainerAndContainerd) {
  const ContainerSpec first = run("app");
  const ContainerSpec second = run("app");
  EXPECT_EQ(shim_of(first), shim_of(second));
  ASSERT_TRUE(c().remove(first.id).has_value());
  ASSERT_EQ(::kill(real_->process().pid(), SIGKILL), 0);
  const ContainerSpec third = run("app");  // joins the shim that the first one started
  EXPECT_NE(shim_of(third), 0);
  EXPECT_EQ(shim_of(second), shim_of(third));
  for (const ContainerSpec& one : {second, third}) {
    const auto exit = c().stop(one.id, 10s);
    ASSERT_TRUE(exit.has_value()) << exit.error().message();
    EXPECT_EQ(exit->status, 143);
  }
}

TEST_F(ShimGroup, AKilledShimEndsItsGroupAloneAndAllStartAgain) {
  const ContainerSpec first = run("app");
  const ContainerSpec second = run("app");
  const ContainerSpec other = run("other");
  const pid_t shim = shim_of(first);
  const pid_t others_shim = shim_of(other);
  ASSERT_NE(shim, others_shim);
  ASSERT_EQ(::kill(shim, SIGKILL), 0);
  for (const ContainerSpec& one : {first, second}) {
    static_cast<void>(c().wait(one.id, 20s));
    const auto again = c().start(one.id, {});
    EXPECT_TRUE(again.has_value()) << again.error().message();
    EXPECT_NE(shim_of(one), 0);
    EXPECT_NE(shim_of(one), shim);
  }
  EXPECT_EQ(shim_of(other), others_shim);
}

}  // namespace
}  // namespace dokku::testing
