// NameServers: the host's name servers as its resolv.conf lists them now (resolv.conf(5)).
//
// Looked at again at each query, which is one stat(2): DHCP and VPNs change the file. Not
// thread-safe.
#pragma once

#include <netinet/in.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace dokku::runtime {

struct ServerAddress {
  sockaddr_storage address{};
  socklen_t length = 0;
};

// At most three, as the C library takes; none listed: 127.0.0.1.
std::vector<ServerAddress> parse_name_servers(std::string_view resolv_conf, std::uint16_t port);

class NameServers {
 public:
  NameServers(std::filesystem::path file, std::uint16_t port)
      : file_(std::move(file)), port_(port) {}

  const std::vector<ServerAddress>& current();

 private:
  std::filesystem::path file_;
  std::uint16_t port_;
  struct stat seen_ {};
  std::vector<ServerAddress> servers_;
};

}  // namespace dokku::runtime
