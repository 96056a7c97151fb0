#include "runtime/network/change_watch.h"

#include <atomic>

#include "runtime/network/nft.h"
#include "test_host.h"

namespace dokku::runtime {
namespace {

class ChangeWatchTest : public TestHost {
 protected:
  void SetUp() override {
    TestHost::SetUp();
    if (root_.empty()) return;
    Result<std::unique_ptr<ChangeWatch>> watch = ChangeWatch::start([this] { ++calls_; });
    ASSERT_TRUE(watch.has_value()) << watch.error().message();
    watch_ = *std::move(watch);
  }
  void TearDown() override {
    watch_.reset();
    TestHost::TearDown();
  }
  static void nft(const std::string& commands) {
    const Result<std::string> done = run_nft("/proc/self/exe", commands);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  // The next call, after `before`.
  bool called_after(int before) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (calls_ == before && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return calls_ > before;
  }

  std::atomic<int> calls_ = 0;
  std::unique_ptr<ChangeWatch> watch_;
};

TEST_F(ChangeWatchTest, ABurstOfRulesIsOneCall) {
  for (const char* name : {"a", "b", "c"}) nft(std::string("add table ip ") + name);
  EXPECT_TRUE(called_after(0));
  EXPECT_EQ(calls_, 1);
  nft("flush ruleset");
  EXPECT_TRUE(called_after(1));
}

TEST_F(ChangeWatchTest, ForwardingOfTheHostIsNewsAndThatOfALinkIsNot) {
  std::ofstream("/proc/sys/net/ipv4/conf/up0/forwarding") << "1";
  // What comes after is seen, so what came before was not news.
  std::ofstream("/proc/sys/net/ipv4/ip_forward") << "1";
  EXPECT_TRUE(called_after(0));
  EXPECT_EQ(calls_, 1);
}

TEST_F(ChangeWatchTest, ElementsOfSetsAreNoNews) {
  nft("add table ip t\nadd set ip t s { type inet_service; }");
  ASSERT_TRUE(called_after(0));
  nft("add element ip t s { 80, 443 }");
  nft("delete element ip t s { 80 }");
  // Were they news, they would have brought a call of their own before this one.
  watch_.reset();
  EXPECT_EQ(calls_, 1);
}

}  // namespace
}  // namespace dokku::runtime
