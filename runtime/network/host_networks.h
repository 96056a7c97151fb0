// The Networks of this machine: one network namespace per container, reached by a routed veth pair.
//
// Made with rtnetlink, and with libnftables in a worker. Per instance: a /20 that clashes with
// no route of the host, one gateway address on `lo` (where the DNS forwarder listens), one nftables
// table `dokku_<name>`, links `dk<name>-<n>` with the container's id as their alias. Containers
// reach the world by masquerade and the gateway's DNS; neither each other, nor link-local or
// metadata addresses, nor services of the host but `public_ports`.
//
// Nothing of it belongs to this process: all but DNS goes on while dokkud is away.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/networks.h"

namespace dokku::runtime {

struct HostNetworkOptions {
  std::string name;                 // of the instance: [a-z0-9]{1,12}
  std::filesystem::path state_dir;  // network/subnet and network/addresses below it are kept
  std::filesystem::path run_dir;    // network/netns/<id>, network/hosts/<id>, network/resolv.conf
  // TCP ports of the host that containers may reach as anybody may: the proxy's, so that an app
  // can call itself or another one by its public name.
  std::vector<std::uint16_t> public_ports;
  // The containers' addresses, "10.99.0.0/20"; empty: the first range that the host does not route.
  // Takes effect when no container has an address.
  std::string range;
  // Where the host's name servers are listed, followed when it changes; the port is for tests.
  std::filesystem::path host_resolv_conf = "/etc/resolv.conf";
  std::uint16_t dns_upstream_port = 53;
  // Started as `dokku-worker nft`; this program itself in tests, which are their own worker.
  std::string worker_program = "/proc/self/exe";
};

// Touches nothing yet; `ensure` does. The calling process needs CAP_NET_ADMIN
// and CAP_SYS_ADMIN in the host's namespaces, and must see the mounts that the runtime sees.
// ensure(): invalid_argument: `range` is none; conflict when no subnet is free or port 53 of the
// gateway is taken. A host firewall that could not be opened for us is logged, with what to type.
Result<std::unique_ptr<Networks>> create_host_networks(const HostNetworkOptions& options);

}  // namespace dokku::runtime
