#include "proxy/process/listeners.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "proxy/net/listen.h"

namespace dokku::proxy::process {
namespace {

std::uint16_t free_port() {
  const std::vector<UniqueFd> probe = *net::listen_on(*net::Address::parse("127.0.0.1", 0), 1);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(probe[0].get(), reinterpret_cast<sockaddr*>(&name), &size);
  return net::Address::from(name).port();
}

TEST(Listeners, GiveEachWorkerItsOwnSockets) {
  Listeners listeners({"127.0.0.1", "127.0.0.2"}, 2);
  const std::uint16_t port = free_port();
  ASSERT_TRUE(listeners.open(port));
  EXPECT_TRUE(listeners.has(port));
  EXPECT_EQ(listeners.ports(), std::vector<std::uint16_t>{port});
  EXPECT_EQ(listeners.for_worker(port, 0).size(), 2U);
  EXPECT_EQ(listeners.for_worker(port, 1).size(), 2U);
  listeners.forget(port);
  EXPECT_FALSE(listeners.has(port));
  EXPECT_TRUE(listeners.for_worker(port, 0).empty());
  EXPECT_TRUE(listeners.open(port)) << "the port is free again";
}

TEST(Listeners, TakenOnOneAddressIsTakenOnAll) {
  const std::uint16_t port = free_port();
  const auto other = net::listen_on(*net::Address::parse("127.0.0.2", port), 1);
  Listeners listeners({"127.0.0.1", "127.0.0.2"}, 1);
  EXPECT_EQ(listeners.open(port).error().code(), Errc::conflict);
  EXPECT_FALSE(listeners.has(port));
}

}  // namespace
}  // namespace dokku::proxy::process
