#include "runtime/network/netlink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "test_host.h"

namespace dokku::runtime {
namespace {

class NetlinkTest : public TestHost {};

TEST_F(NetlinkTest, TellsWhatIsThereAndWhatIsNot) {
  const Result<Link> lo = netlink_->find_link("lo");
  ASSERT_TRUE(lo.has_value());
  EXPECT_EQ(lo->index, 1U);
  EXPECT_EQ(netlink_->find_link("none").error().code(), Errc::not_found);
  EXPECT_EQ(netlink_->remove_link("none").error().code(), Errc::not_found);
  EXPECT_EQ(netlink_->add_address(1, ip("127.0.0.5")).has_value(), true);
  EXPECT_EQ(netlink_->add_address(1, ip("127.0.0.5")).error().code(), Errc::already_exists);
  EXPECT_EQ(netlink_->remove_address(1, ip("127.0.0.5")).has_value(), true);
  EXPECT_EQ(netlink_->remove_address(1, ip("127.0.0.5")).error().code(), Errc::not_found);
}

TEST_F(NetlinkTest, ListsRoutesAsTheyWereAdded) {
  const Route route{.to = {ip("10.9.0.0"), 16}, .unreachable = true};
  ok(netlink_->add_route(route));
  EXPECT_EQ(netlink_->add_route(route).error().code(), Errc::already_exists);
  const std::vector<Route> routes = *netlink_->routes();
  EXPECT_TRUE(std::any_of(routes.begin(), routes.end(), [&](const Route& seen) {
    return seen.to == route.to && seen.unreachable;
  }));
  ok(netlink_->remove_route(route));
  EXPECT_EQ(netlink_->remove_route(route).error().code(), Errc::not_found);
}

TEST_F(NetlinkTest, NamesALinkByItsAlias) {
  ok(netlink_->set_up("up0", "an.alias"));
  const Result<Link> link = netlink_->find_link("up0");
  EXPECT_EQ(link->alias, "an.alias");
  EXPECT_EQ(link->mtu, 1400U);
}

TEST(Netlink, WritesAddresses) { EXPECT_EQ(to_string(ip("10.83.0.255")), "10.83.0.255"); }

}  // namespace
}  // namespace dokku::runtime
