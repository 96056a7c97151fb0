#include "server/deploy/opening_routes.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_networks.h"
#include "tests/fakes/fake_route_control.h"

namespace dokku::server {
namespace {

using Ports = std::set<std::uint16_t>;

proxy::Group group(const std::string& key, std::uint16_t port) {
  proxy::Group out;
  out.key = key;
  out.listeners.push_back({.port = port, .any_host = true});
  return out;
}

TEST(OpeningRoutes, ContainersReachThePortsOfAppsAsLongAsTheyAreRouted) {
  proxy::FakeRouteControl proxy;
  testing::FakeNetworks networks;
  OpeningRoutes routes(proxy, networks);
  ASSERT_TRUE(routes.put(group("blog", 20000)));
  ASSERT_TRUE(routes.put(group("shop", 20001)));
  EXPECT_EQ(networks.opened(), (Ports{20000, 20001}));
  ASSERT_TRUE(routes.put(group("shop", 20002)));
  EXPECT_EQ(networks.opened(), (Ports{20000, 20002}));
  ASSERT_TRUE(routes.remove("blog"));
  EXPECT_EQ(networks.opened(), Ports{20002});
  ASSERT_TRUE(routes.replace_all({group("blog", 20003)}));
  EXPECT_EQ(networks.opened(), Ports{20003});
}

TEST(OpeningRoutes, WhatTheProxyHasFromBeforeCounts) {
  proxy::FakeRouteControl proxy;
  testing::FakeNetworks networks;
  ASSERT_TRUE(proxy.put(group("blog", 20000)));
  OpeningRoutes routes(proxy, networks);
  ASSERT_TRUE(routes.list());
  EXPECT_EQ(networks.opened(), Ports{20000});
}

TEST(OpeningRoutes, WhatTheProxyRefusesIsNotOpened) {
  proxy::FakeRouteControl proxy;
  testing::FakeNetworks networks;
  proxy.set_away(true);
  OpeningRoutes routes(proxy, networks);
  EXPECT_FALSE(routes.put(group("blog", 20000)));
  EXPECT_TRUE(networks.opened().empty());
}

}  // namespace
}  // namespace dokku::server
