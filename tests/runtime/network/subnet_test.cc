#include "runtime/network/subnet.h"

#include <gtest/gtest.h>

namespace dokku::runtime {
namespace {

constexpr Ipv4 ip(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24 | b << 16 | c << 8 | d;
}

TEST(Subnet, IsChosenFromTheFirstFreeRange) {
  EXPECT_EQ(choose_subnet({})->text(), "10.83.0.0/20 169.254.1.1");
  EXPECT_EQ(choose_subnet({{ip(10, 83, 7, 0), 24}})->text(), "10.84.0.0/20 169.254.2.1");
  EXPECT_EQ(choose_subnet({{ip(10, 0, 0, 0), 8}})->text(), "172.16.0.0/20 169.254.141.1");
  EXPECT_EQ(choose_subnet({{ip(10, 0, 0, 0), 8}, {ip(172, 16, 0, 0), 12}})->text(),
            "192.168.0.0/20 169.254.157.1");
}

TEST(Subnet, IsFoundWhereACompanyRoutesAllThatIsPrivate) {
  std::vector<Prefix> taken{
      {ip(10, 0, 0, 0), 8}, {ip(172, 16, 0, 0), 12}, {ip(192, 168, 0, 0), 16}};
  EXPECT_EQ(choose_subnet(taken)->text(), "100.64.0.0/20 169.254.174.1");
  taken.push_back({ip(100, 64, 0, 0), 10});
  EXPECT_EQ(choose_subnet(taken)->text(), "198.18.0.0/20 169.254.238.1");
  taken.push_back({ip(198, 18, 0, 0), 15});
  EXPECT_NE(choose_subnet(taken).error().message().find("\"subnet\": \"10.83.0.0/20\""),
            std::string::npos);
}

TEST(Subnet, ARangeThatIsNamedNeedsAFreeGatewayAlone) {
  const Prefix range = *parse_range("10.99.16.0/20");
  EXPECT_EQ(subnet_in(range, {{ip(10, 0, 0, 0), 8}, {ip(169, 254, 1, 1), 32}})->text(),
            "10.99.16.0/20 169.254.2.1");
  for (const char* text : {"", "10.99.0.0", "10.99.0.0/24", "10.99.1.0/20", "here/20"}) {
    EXPECT_FALSE(parse_range(text).has_value()) << text;
  }
}

TEST(Subnet, DefaultRoutesAndLinkLocalRangesDoNotClash) {
  EXPECT_EQ(choose_subnet({{0, 0}, {ip(169, 254, 0, 0), 16}})->text(), "10.83.0.0/20 169.254.1.1");
}

TEST(Subnet, AGatewayOfAnotherInstanceClashes) {
  EXPECT_EQ(choose_subnet({{ip(169, 254, 1, 1), 32}})->text(), "10.84.0.0/20 169.254.2.1");
}

TEST(Subnet, NeverTakesTheMetadataServicesNetwork) {
  std::vector<Prefix> taken;
  for (;;) {
    const Result<Subnet> subnet = choose_subnet(taken);
    if (!subnet) break;
    EXPECT_NE((subnet->gateway >> 8) & 255U, 169U);
    EXPECT_LT((subnet->gateway >> 8) & 255U, 255U);
    taken.push_back(subnet->range);
  }
  EXPECT_EQ(taken.size(), 252U);
  EXPECT_EQ(choose_subnet(taken).error().code(), Errc::conflict);
}

TEST(Subnet, IsReadBackAsItWasWritten) {
  const Subnet subnet = *choose_subnet({});
  EXPECT_EQ(*Subnet::parse(subnet.text() + "\n"), subnet);
  EXPECT_EQ(to_string(subnet.address(258)), "10.83.1.2");
  for (const char* text : {"", "10.83.0.0/20", "10.83.0.1/20 169.254.1.1",
                           "10.83.0.0/24 169.254.1.1", "x/20 169.254.1.1", "10.83.0.0/20 y"}) {
    EXPECT_FALSE(Subnet::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dokku::runtime
