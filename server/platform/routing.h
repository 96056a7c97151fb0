// Routing: which ways lead to an app, read from the store: names, ports, certificate, settings.
#pragma once

#include <optional>
#include <vector>

#include "server/model/instance.h"
#include "server/model/port_map.h"
#include "server/model/route_spec.h"
#include "server/store/apps.h"

namespace dokku::server {

inline constexpr const char* kPortsMap = "ports.map";
inline constexpr const char* kProxyDisabled = "proxy.disabled";
inline constexpr const char* kProxyPort = "proxy.proxy-port";
inline constexpr const char* kProxySslPort = "proxy.proxy-ssl-port";

// What the proxy is to be told of an app; for server/deploy.
Result<RouteSpec> route_spec(const ReadTx& tx, const App& app);

// What was set, empty when nothing was.
Result<std::vector<PortMap>> set_port_maps(const ReadTx& tx, AppId app);
// What counts when nothing was set: plain HTTP, and HTTPS when there is a certificate.
Result<std::vector<PortMap>> detected_port_maps(const ReadTx& tx, const App& app);
Result<bool> proxy_disabled(const ReadTx& tx, AppId app);

// "http://blog.example.com", "https://blog.example.com:8443": one per host and port map, unsorted.
std::vector<std::string> urls_of(const RouteSpec& spec, const Instance& instance);

}  // namespace dokku::server
