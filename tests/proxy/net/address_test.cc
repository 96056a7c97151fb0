#include "proxy/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace dokku::proxy::net {
namespace {

TEST(Address, ReadsAndWritesBothKinds) {
  EXPECT_EQ(Address::parse("192.0.2.7", 80)->text(), "192.0.2.7:80");
  EXPECT_EQ(Address::parse("2001:db8::7", 443)->text(), "[2001:db8::7]:443");
  EXPECT_EQ(Address::parse("::1", 1)->ip(), "::1");
}

TEST(Address, RefusesNames) {
  for (const char* text : {"", "localhost", "1.2.3", "[::1]", "1.2.3.4:80"}) {
    EXPECT_FALSE(Address::parse(text, 80).has_value()) << text;
  }
}

TEST(Address, TakesIpv4OutOfItsIpv6Clothes) {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(99);
  ::inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr);
  sockaddr_storage storage{};
  std::memcpy(&storage, &mapped, sizeof mapped);
  EXPECT_EQ(Address::from(storage).text(), "192.0.2.7:99");
}

}  // namespace
}  // namespace dokku::proxy::net
