#include "server/doctor/host_view.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

TEST(HostView, SeesFilesFoldersAndModes) {
  const auto host = this_host();
  EXPECT_TRUE(host->read("/proc/meminfo"));
  EXPECT_FALSE(host->read("/proc/nothing"));
  EXPECT_FALSE(host->names_in("/proc").empty());
  EXPECT_TRUE(host->names_in("/proc/nothing").empty());
  const auto mode = host->mode_of("/etc/passwd");
  ASSERT_TRUE(mode);
  EXPECT_EQ(mode->owner, 0U);
  EXPECT_EQ(mode->mode, 0644U);
  EXPECT_FALSE(host->mode_of("/etc/nothing"));
}

TEST(HostView, KnowsWhoListens) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &size);
  const std::uint16_t port = ntohs(at.sin_port);
  const auto found = this_host()->listeners({port});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.begin()->port, port);
  EXPECT_TRUE(found.begin()->program.starts_with("test_server_doc"));  // a name has 15 letters
  EXPECT_TRUE(this_host()->listeners({}).empty());
}

TEST(HostView, AddressesAreNotThoseOfLoopback) {
  for (const std::string& address : this_host()->addresses()) {
    EXPECT_NE(address, "127.0.0.1");
    EXPECT_NE(address, "::1");
    EXPECT_FALSE(address.starts_with("fe80:"));
  }
}

}  // namespace
}  // namespace dokku::server
