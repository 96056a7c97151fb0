#include "runtime/network/change_watch.h"

#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

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

TEST_F(ChangeWatchTest, CallsForRules) {
  nft("add table ip a\nadd table ip b\nadd chain ip b c");
  EXPECT_TRUE(called_after(0));
  nft("flush ruleset");
  EXPECT_TRUE(called_after(1));
}

TEST_F(ChangeWatchTest, CallsForForwarding) {
  std::ofstream("/proc/sys/net/ipv4/ip_forward") << "1";
  EXPECT_TRUE(called_after(0));
}

struct Message {
  explicit Message(int type) {
    header.nlmsg_len = sizeof *this;
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    attribute.nla_len = sizeof attribute + sizeof link;
  }
  static Message rules(int type) { return Message((NFNL_SUBSYS_NFTABLES << 8) | type); }
  // Of the settings of a link, or of all.
  static Message forwarding(int link) {
    Message message(RTM_NEWNETCONF);
    message.attribute.nla_type = NETCONFA_IFINDEX;
    message.link = link;
    return message;
  }

  nlmsghdr header{};
  alignas(NLMSG_ALIGNTO) netconfmsg family{};
  alignas(NLA_ALIGNTO) nlattr attribute{};
  int link = 0;
};

TEST(ChangeWatchNews, IsWhatMayCutAppsOff) {
  for (const int type :
       {NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_DELRULE}) {
    EXPECT_TRUE(is_news(Message::rules(type).header)) << type;
  }
  for (const int type : {NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_NEWGEN, NFT_MSG_NEWOBJ}) {
    EXPECT_FALSE(is_news(Message::rules(type).header)) << type;
  }
  EXPECT_TRUE(is_news(Message::forwarding(NETCONFA_IFINDEX_ALL).header));
  EXPECT_FALSE(is_news(Message::forwarding(7).header));
}

}  // namespace
}  // namespace dokku::runtime
