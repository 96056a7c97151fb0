#include "server/platform/host.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

TEST(Host, APortIsTakenWhenSomebodyListensOnAnyAddress) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_FALSE(port_is_free(ntohs(address.sin_port)));
}

TEST(Host, KnowsAnAddressOfItsOwn) { EXPECT_TRUE(check_host(outward_address())); }

TEST(Host, AcceptsAddressesAndNames) {
  for (const char* good : {"192.0.2.1", "2001:db8::1", "server.example.com"}) {
    EXPECT_TRUE(check_host(good)) << good;
  }
  for (const char* bad : {"", "*.example.com", "_", "http://x", "a b", "-x"}) {
    EXPECT_FALSE(check_host(bad)) << bad;
  }
}

}  // namespace
}  // namespace dokku::server
