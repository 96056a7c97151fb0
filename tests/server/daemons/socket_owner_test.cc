#include "server/daemons/socket_owner.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

TEST(SocketOwner, IsTheProcessThatListens) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("owner-" + std::to_string(::getpid()));
  EXPECT_EQ(owner_of(path).error().code(), Errc::unavailable);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  {
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 5), 0);
    EXPECT_EQ(owner_of(path).value_or(0), ::getpid());
  }
  EXPECT_EQ(owner_of(path).error().code(), Errc::unavailable);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace dokku::server
