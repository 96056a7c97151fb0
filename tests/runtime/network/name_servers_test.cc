#include "runtime/network/name_servers.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace dokku::runtime {
namespace {

std::string text(const ServerAddress& server) {
  char name[64] = "?";
  if (server.address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&server.address);
    ::inet_ntop(AF_INET, &v4->sin_addr, name, sizeof name);
  } else {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&server.address);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, name, sizeof name);
  }
  return name;
}

std::string parsed(const std::string& file) {
  std::string all;
  for (const ServerAddress& server : parse_name_servers(file, 53)) all += text(server) + " ";
  return all;
}

TEST(NameServers, AreReadAsTheCLibraryDoes) {
  EXPECT_EQ(parsed("# x\nsearch a b\nnameserver 10.0.0.1\n nameserver 10.0.0.9\n"
                   "nameserver\t10.0.0.2 \nnameserverx 1.1.1.1\nnameserver ::1"),
            "10.0.0.1 10.0.0.2 ::1 ");
  EXPECT_EQ(parsed("nameserver fe80::1%lo\n"), "fe80::1 ");
  EXPECT_EQ(
      parsed("nameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\nnameserver 1.0.0.4"),
      "1.0.0.1 1.0.0.2 1.0.0.3 ");
  EXPECT_EQ(parsed(""), "127.0.0.1 ");
  EXPECT_EQ(parsed("nameserver nonsense\n"), "127.0.0.1 ");
}

TEST(NameServers, FollowTheFile) {
  std::string pattern = (std::filesystem::temp_directory_path() / "resolv-XXXXXX").string();
  const std::filesystem::path root = ::mkdtemp(pattern.data());
  NameServers servers(root / "resolv.conf", 53);
  EXPECT_EQ(text(servers.current().front()), "127.0.0.1");
  std::ofstream(root / "resolv.conf") << "nameserver 10.0.0.1\n";
  EXPECT_EQ(text(servers.current().front()), "10.0.0.1");
  std::ofstream(root / "new") << "nameserver 10.0.0.22\n";
  std::filesystem::rename(root / "new", root / "resolv.conf");
  EXPECT_EQ(text(servers.current().front()), "10.0.0.22");
  std::filesystem::remove(root / "resolv.conf");
  EXPECT_EQ(text(servers.current().front()), "10.0.0.22");  // half-way through a change
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace dokku::runtime
