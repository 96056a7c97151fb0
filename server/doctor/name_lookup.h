// Names to addresses, all at once and within a limit; the C library's resolver asks one by one, for
// seconds each.
//
// A and AAAA over UDP (RFC 1035). The name servers are asked in turn, again and again until the
// limit; who is slow may answer until then.
// Threads: any; blocks for at most the limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/doctor/host_view.h"

namespace dokku::server {

struct NameServer {
  std::string address;  // IPv4 or IPv6
  std::uint16_t port = 53;
};
// The "nameserver" lines of a resolv.conf, at most three as in the C library.
std::vector<NameServer> name_servers_in(std::string_view resolv_conf);

// At most kNamesMax names; the rest is not asked for.
inline constexpr std::size_t kNamesMax = 1000;
Lookups look_up_names(const std::vector<std::string>& names, const std::vector<NameServer>& servers,
                      Duration limit);

// The wire form, for tests. An answer's addresses; nullopt: not an answer to `id`, or broken.
enum class RecordType : std::uint16_t { a = 1, aaaa = 28 };
std::string query_bytes(std::uint16_t id, std::string_view name, RecordType type);
std::optional<std::set<std::string>> addresses_in(std::string_view answer, std::uint16_t id);

}  // namespace dokku::server
