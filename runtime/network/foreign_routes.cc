#include "runtime/network/foreign_routes.h"

#include <algorithm>
#include <map>

namespace dokku::runtime {

Result<std::vector<Route>> foreign_routes(Netlink* netlink, const OwnRoutes& own) {
  const std::vector<Link> links = TRY(netlink->links());
  std::set<unsigned> ours;
  for (const Link& link : links) {
    if (link.name.starts_with(own.link_prefix)) ours.insert(link.index);
  }
  std::vector<Route> routes = TRY(netlink->routes());
  std::erase_if(routes, [&](const Route& route) {
    const bool own_range = own.subnet && route.unreachable && route.to == own.subnet->range;
    const bool own_gateway = own.subnet && route.to == Prefix{own.subnet->gateway, 32};
    return own_range || own_gateway || ours.contains(route.link);
  });
  return routes;
}

std::vector<Prefix> prefixes(const std::vector<Route>& routes) {
  std::vector<Prefix> found;
  for (const Route& route : routes) found.push_back(route.to);
  return found;
}

Result<std::set<std::string>> clashing_routes(Netlink* netlink, const OwnRoutes& own) {
  std::set<std::string> found;
  if (!own.subnet) return found;
  const std::vector<Route> routes = TRY(foreign_routes(netlink, own));
  std::map<unsigned, Prefix> widest;  // by link
  for (const Route& route : routes) {
    if (!clashes(*own.subnet, {route.to})) continue;
    const auto [at, fresh] = widest.try_emplace(route.link, route.to);
    if (!fresh && route.to.length < at->second.length) at->second = route.to;
  }
  const std::vector<Link> links = TRY(netlink->links());
  for (const auto& [index, to] : widest) {
    std::string text = to_string(to.base) + "/" + std::to_string(to.length);
    for (const Link& link : links) {
      if (link.index == index) text += " by " + link.name;
    }
    found.insert(text);
  }
  return found;
}

}  // namespace dokku::runtime
