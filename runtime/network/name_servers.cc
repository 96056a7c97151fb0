#include "runtime/network/name_servers.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>
#include <string>

#include "base/io.h"

namespace dokku::runtime {
namespace {

constexpr std::size_t kServersMax = 3;

bool parse_address(std::string text, std::uint16_t port, ServerAddress* server) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&server->address);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    server->length = sizeof *v4;
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&server->address);
  const std::size_t percent = text.find('%');  // fe80::1%eth0
  unsigned scope = 0;
  if (percent != std::string::npos) {
    scope = ::if_nametoindex(text.c_str() + percent + 1);
    text.resize(percent);
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  v6->sin6_scope_id = scope;
  server->length = sizeof *v6;
  return true;
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::vector<ServerAddress> parse_name_servers(std::string_view resolv_conf, std::uint16_t port) {
  std::vector<ServerAddress> servers;
  constexpr std::string_view kBlank = " \t\r";
  constexpr std::string_view kKeyword = "nameserver";
  while (!resolv_conf.empty()) {
    const std::size_t end = std::min(resolv_conf.find('\n'), resolv_conf.size());
    std::string_view line = resolv_conf.substr(0, end);
    resolv_conf.remove_prefix(std::min(end + 1, resolv_conf.size()));
    if (!line.starts_with(kKeyword)) continue;
    line.remove_prefix(kKeyword.size());
    const std::size_t from = line.find_first_not_of(kBlank);
    if (from == 0 || from == std::string_view::npos) continue;
    line.remove_prefix(from);
    ServerAddress server;
    const std::string text(line.substr(0, line.find_first_of(kBlank)));
    if (servers.size() < kServersMax && parse_address(text, port, &server)) {
      servers.push_back(server);
    }
  }
  if (servers.empty()) {
    ServerAddress local;
    parse_address("127.0.0.1", port, &local);
    servers.push_back(local);
  }
  return servers;
}

const std::vector<ServerAddress>& NameServers::current() {
  struct stat now {};
  const bool there = ::stat(file_.c_str(), &now) == 0;
  if (!servers_.empty() && (!there || same(now, seen_))) return servers_;
  Result<std::string> text = read_file(file_, 64 << 10);
  servers_ = parse_name_servers(text ? *text : std::string(), port_);
  seen_ = now;
  return servers_;
}

}  // namespace dokku::runtime
