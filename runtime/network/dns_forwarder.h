// DnsForwarder: the name server that containers see; asks the host's in turn.
//
// Listens on one address, UDP and TCP, on a thread of its own. Each UDP query goes out from a
// fresh socket (random port) with a random id, and only an answer to that very question from that
// very server comes back; the servers are tried in turn. TCP is copied through. Keeps no cache:
// the host's resolver has one. While the daemon restarts, clients ask again by themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "runtime/network/netlink.h"

namespace dokku::runtime {

inline constexpr std::size_t kDnsQueriesMax = 512;  // in flight; the oldest gives way
inline constexpr std::size_t kDnsStreamsMax = 64;   // TCP; more are closed at once

struct DnsForwarderOptions {
  Ipv4 address = 0;
  std::uint16_t port = 53;
  std::filesystem::path host_resolv_conf = "/etc/resolv.conf";
  std::uint16_t upstream_port = 53;
};

class DnsForwarder {
 public:
  // conflict: something else on the host listens there (a name server on all addresses).
  static Result<std::unique_ptr<DnsForwarder>> start(const DnsForwarderOptions& options);
  // Stops and joins.
  ~DnsForwarder();

  std::uint16_t port() const;  // when 0 was asked for

 private:
  class Loop;
  explicit DnsForwarder(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace dokku::runtime
