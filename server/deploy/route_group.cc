#include "server/deploy/route_group.h"

#include <algorithm>

#include "runtime/digest/sha256.h"
#include "server/deploy/proxy_settings.h"

namespace dokku::server {
namespace {

proxy::Scheme scheme_of(PortScheme scheme) {
  switch (scheme) {
    case PortScheme::http:
      return proxy::Scheme::http;
    case PortScheme::https:
      return proxy::Scheme::https;
    case PortScheme::grpc:
      return proxy::Scheme::grpc;
    case PortScheme::grpcs:
      return proxy::Scheme::grpcs;
  }
  return proxy::Scheme::http;
}

// 0: this instance has no such port.
std::uint16_t port_here(std::uint16_t port, const Instance& instance) {
  if (port == kHttpPort) return instance.http_port;
  return port == kHttpsPort ? instance.https_port : port;
}

}  // namespace

void describe_ways(const RouteSpec& spec, const Instance& instance, std::uint16_t app_port,
                   proxy::Group& group) {
  group.settings = proxy_settings(spec.settings);
  for (const proxy::Certificate& each : certificates_of(spec)) group.certificates = {each.id};
  if (spec.own_port) group.listeners.push_back({.port = *spec.own_port, .any_host = true});
  std::uint16_t https = 0;
  for (const PortMap& map : spec.ports) {
    const bool serves = map.scheme == PortScheme::https && !spec.certificate.empty();
    if (serves && https == 0) https = port_here(map.host, instance);
  }
  for (const PortMap& map : spec.ports) {
    const bool tls = needs_certificate(map.scheme);
    if (tls && spec.certificate.empty()) continue;
    proxy::Listener listener{.port = port_here(map.host, instance),
                             .scheme = scheme_of(map.scheme)};
    if (listener.port == 0) continue;
    const bool shared = map.host == kHttpPort || map.host == kHttpsPort;
    if (spec.hosts.empty()) {
      // Without a name an app can have a port of its own, and none of those that all share.
      if (shared || spec.own_port == map.host) continue;
      listener.any_host = true;
    }
    const bool first = &map == &spec.ports.front();
    if (!first && map.container != app_port) listener.target_port = map.container;
    if (map.scheme == PortScheme::http && map.host == kHttpPort) listener.redirect_to = https;
    group.listeners.push_back(listener);
  }
  // No listener at all would mean the proxy's own ports.
  const bool shares = std::any_of(group.listeners.begin(), group.listeners.end(),
                                  [](const proxy::Listener& each) { return !each.any_host; });
  if (shares || spec.ports.empty()) group.hosts = spec.hosts;
}

std::vector<proxy::Certificate> certificates_of(const RouteSpec& spec) {
  const KeyPair& pair = spec.certificate;
  if (pair.empty()) return {};
  constexpr std::size_t kScheme = std::string_view("sha256:").size();
  const std::string id = runtime::sha256_of(pair.chain + pair.key).substr(kScheme);
  return {{id, pair.chain, pair.key}};
}

}  // namespace dokku::server
