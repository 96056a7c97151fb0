// Networks: an isolated address for each container, reachable by the host's proxy alone.
//
// Implemented by runtime/network (rtnetlink and nftables) and by tests/fakes. A network namespace
// is made outside the runtime and outlives the container's restarts. Threads: any; calls block for
// milliseconds. Errors: conflict (no free subnet or address), internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/names.h"

namespace dokku::runtime {

struct Endpoint {
  ContainerId id;
  std::filesystem::path network_namespace;  // for ContainerSpec
  std::string address;                      // IPv4, "10.83.0.7"
  // The id as a host name (at most 63 characters), and a file for /etc/hosts that knows it.
  std::string hostname;
  std::filesystem::path hosts_file;
};

// Whether what `ensure` set up still stands. For `dokku doctor`.
struct NetworkHealth {
  bool forwarding = false;        // the host passes IPv4 packets on
  bool rules = false;             // our table is there
  std::set<std::string> closed;   // chains of others that drop our packets: "ip filter FORWARD"
  std::set<std::string> foreign;  // whose chains there are: "Docker", "ufw", "firewalld"
  std::string range = {};         // the containers' addresses: "10.83.0.0/20"
  std::set<std::string> clashes = {};         // what else is routed there: "10.83.0.0/16 by eth1"
  std::set<std::uint16_t> public_ports = {};  // of the host, on which apps answer
};

class Networks {
 public:
  virtual ~Networks() = default;

  // Sets up what all endpoints share (forwarding, rules, DNS forwarder); idempotent.
  virtual Result<> ensure() = 0;
  // Namespace, link, address, routes; idempotent by id: the same endpoint again.
  virtual Result<Endpoint> attach(const ContainerId& id) = 0;
  // Removes all of it; an unknown id is success.
  virtual Result<> detach(const ContainerId& id) = 0;
  // What exists on the host, whoever asked for it. For adoption and for finding left-overs.
  virtual Result<std::vector<Endpoint>> list() = 0;
  // Containers may reach these TCP ports of the host too, and those of an earlier call no longer.
  virtual Result<> open_ports(const std::set<std::uint16_t>& ports) = 0;
  // Files to bind read-only into each container.
  virtual std::filesystem::path resolv_conf() const = 0;
  // Only looks.
  virtual Result<NetworkHealth> health() = 0;
  // Everything of this instance is removed: links, namespaces, rules, the sysctl put back.
  virtual Result<> remove_all() = 0;
};

}  // namespace dokku::runtime
