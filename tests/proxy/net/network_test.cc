#include "proxy/net/network.h"

#include <gtest/gtest.h>

namespace dokku::proxy::net {
namespace {

bool within(const char* network, const char* ip) {
  return Network::parse(network)->contains(*Address::parse(ip, 80));
}

TEST(Network, HoldsAddressesThatBeginAlike) {
  EXPECT_TRUE(within("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(within("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(within("10.0.0.0/9", "10.127.0.1"));
  EXPECT_FALSE(within("10.0.0.0/9", "10.128.0.1"));
  EXPECT_TRUE(within("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(within("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(within("fd00::/8", "fdff::1"));
  EXPECT_FALSE(within("fd00::/8", "10.0.0.1"));
  EXPECT_TRUE(within("0.0.0.0/0", "8.8.8.8"));
}

TEST(Network, NonsenseIsRefused) {
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "host", "::/129"}) {
    EXPECT_FALSE(Network::parse(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace dokku::proxy::net
