#include "runtime/network/foreign_routes.h"

#include <algorithm>

#include "test_host.h"

namespace dokku::runtime {
namespace {

class ForeignRoutesTest : public TestHost {
 protected:
  bool routed(const Prefix& to, const OwnRoutes& own) {
    const Result<std::vector<Route>> routes = foreign_routes(&*netlink_, own);
    EXPECT_TRUE(routes.has_value());
    const std::vector<Prefix> all = prefixes(*routes);
    return std::find(all.begin(), all.end(), to) != all.end();
  }
  const Subnet subnet_ = *choose_subnet({});
};

TEST_F(ForeignRoutesTest, OursAreLeftOutWhileWeAreUp) {
  const unsigned up = netlink_->find_link("up0")->index;
  ok(netlink_->add_route({.to = subnet_.range, .unreachable = true}));
  ok(netlink_->add_route({.to = {subnet_.address(7), 32}, .link = up}));
  EXPECT_FALSE(routed(subnet_.range, {"dkt1-", subnet_}));
  EXPECT_TRUE(routed(subnet_.range, {"dkt1-"}));
  EXPECT_TRUE(routed({subnet_.address(7), 32}, {"dkt1-", subnet_}));
  EXPECT_FALSE(routed({subnet_.address(7), 32}, {"up", subnet_}));
}

TEST_F(ForeignRoutesTest, TheWidestOfEachLinkIsNamed) {
  const unsigned up = netlink_->find_link("up0")->index;
  const OwnRoutes own{"dkt1-", subnet_};
  EXPECT_TRUE(clashing_routes(&*netlink_, own)->empty());
  ok(netlink_->add_route({.to = {subnet_.address(256), 24}, .link = up}));
  ok(netlink_->add_route({.to = {subnet_.range.base, 16}, .link = up}));
  ok(netlink_->add_route({.to = {ip("10.200.0.0"), 16}, .link = up}));
  EXPECT_EQ(*clashing_routes(&*netlink_, own), (std::set<std::string>{"10.83.0.0/16 by up0"}));
  EXPECT_TRUE(clashing_routes(&*netlink_, {"dkt1-"})->empty());
}

}  // namespace
}  // namespace dokku::runtime
