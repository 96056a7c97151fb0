// What else the host routes, so that containers' addresses clash with none of it.
//
// Called by HostNetworks. Threads: those of the Netlink.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/network/netlink.h"
#include "runtime/network/subnet.h"

namespace dokku::runtime {

// How routes of this instance are told from others'.
struct OwnRoutes {
  std::string link_prefix;
  // While the instance is up. Before that, what is routed there is another's, which chose the same.
  std::optional<Subnet> subnet = {};
};

// Of all tables.
Result<std::vector<Route>> foreign_routes(Netlink* netlink, const OwnRoutes& own);
std::vector<Prefix> prefixes(const std::vector<Route>& routes);

// Those into the range of `own.subnet`: "10.83.0.0/16 by eth1", the widest of each link.
Result<std::set<std::string>> clashing_routes(Netlink* netlink, const OwnRoutes& own);

}  // namespace dokku::runtime
