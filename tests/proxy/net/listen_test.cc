#include "proxy/net/listen.h"

#include <gtest/gtest.h>

namespace dokku::proxy::net {
namespace {

std::uint16_t port_of(const UniqueFd& socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return Address::from(name).port();
}

TEST(Listen, OpensOneSocketPerWorkerAndSeesThatAPlaceIsTaken) {
  const std::vector<UniqueFd> first = *listen_on(*Address::parse("127.0.0.1", 0), 1);
  const Address taken = *Address::parse("127.0.0.1", port_of(first[0]));
  // Even one of our own kind, which SO_REUSEPORT alone would let in.
  const Result<std::vector<UniqueFd>> second = listen_on(taken, 2);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Errc::conflict);
}

TEST(Listen, SharesThePortAmongItsSockets) {
  std::uint16_t port = 0;
  {
    const std::vector<UniqueFd> probe = *listen_on(*Address::parse("127.0.0.1", 0), 1);
    port = port_of(probe[0]);
  }
  const Result<std::vector<UniqueFd>> all = listen_on(*Address::parse("127.0.0.1", port), 3);
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 3U);
  for (const UniqueFd& socket : *all) EXPECT_EQ(port_of(socket), port);
}

}  // namespace
}  // namespace dokku::proxy::net
