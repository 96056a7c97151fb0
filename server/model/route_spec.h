// RouteSpec: how an app is reached from outside: by names, or by a port of its own.
//
// Derived from the store (server/platform/routing.h); server/deploy adds the addresses of the
// instances and gives it to the proxy.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/model/port_map.h"

namespace dokku::server {

// A chain and its private key, both PEM. Never logged, never in an event.
struct KeyPair {
  std::string chain;
  std::string key;
  bool empty() const { return chain.empty(); }
  friend bool operator==(const KeyPair&, const KeyPair&) = default;
};

struct RouteSpec {
  std::vector<std::string> hosts;         // sorted, lower case; "*.example.com" is a wildcard
  std::optional<std::uint16_t> own_port;  // set when the app has no host, or was given one
  std::vector<PortMap> ports = {};        // as set, else as detected
  KeyPair certificate = {};
  std::map<std::string, std::string> settings = {};  // server/deploy/proxy_settings.h
  friend bool operator==(const RouteSpec&, const RouteSpec&) = default;
};

}  // namespace dokku::server
