#include "server/platform/ports.h"

#include <algorithm>
#include <optional>

#include "server/platform/domains.h"
#include "server/platform/routing.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

// A port is shared by name, by apps that all speak TLS there or none.
Result<> check_others(const ReadTx& tx, const App& app, const std::vector<PortMap>& maps) {
  const std::vector<App> apps = TRY(list_apps(tx));
  for (const App& other : apps) {
    if (other.id == app.id) continue;
    const std::vector<PortMap> theirs = TRY(set_port_maps(tx, other.id));
    for (const PortMap& map : maps) {
      const std::string port = "Port " + std::to_string(map.host);
      if (other.own_port == map.host) {
        return fail(Errc::conflict, port + " is the own port of app " + other.name.str());
      }
      for (const PortMap& their : theirs) {
        if (their.host != map.host) continue;
        if (needs_certificate(their.scheme) == needs_certificate(map.scheme)) continue;
        return fail(Errc::conflict, port + " is " + std::string(name_of(their.scheme)) +
                                        " for app " + other.name.str() + ", and cannot be " +
                                        std::string(name_of(map.scheme)) + " too");
      }
    }
  }
  return {};
}

// The two ports that all apps share speak what they are for.
Result<> check_shared(const std::vector<PortMap>& maps) {
  for (const PortMap& map : maps) {
    const bool tls = needs_certificate(map.scheme);
    const bool wrong = (map.host == kHttpPort && tls) || (map.host == kHttpsPort && !tls);
    if (!wrong) continue;
    return fail(Errc::conflict, "Port " + std::to_string(map.host) + " is " +
                                    (map.host == kHttpPort ? "http" : "https") +
                                    " for all apps, and cannot be " +
                                    std::string(name_of(map.scheme)));
  }
  return {};
}

Result<> store_maps(WriteTx& tx, const App& app, const std::vector<PortMap>& maps) {
  TRY(check_port_maps(maps));
  TRY(check_shared(maps));
  TRY(check_others(tx, app, maps));
  std::optional<std::string> text;
  if (!maps.empty()) text = port_maps_text(maps);
  return set_property(tx, app.id, kPortsMap, text);
}

}  // namespace

Result<PortsSeen> Ports::seen(const App& app) {
  return store_.read([&](ReadTx& tx) -> Result<PortsSeen> {
    PortsSeen seen;
    seen.set = TRY(set_port_maps(tx, app.id));
    seen.detected = TRY(detected_port_maps(tx, app));
    return seen;
  });
}

Result<> Ports::add(const App& app, const std::vector<PortMap>& added) {
  return store_.write([&](WriteTx& tx) -> Result<> {
    std::vector<PortMap> maps = TRY(set_port_maps(tx, app.id));
    maps.insert(maps.end(), added.begin(), added.end());  // one that is there is reused: refused
    return store_maps(tx, app, maps);
  });
}

Result<> Ports::set(const App& app, const std::vector<PortMap>& maps) {
  return store_.write([&](WriteTx& tx) { return store_maps(tx, app, maps); });
}

Result<> Ports::remove(const App& app, const std::vector<PortMap>& removed,
                       const std::vector<std::uint16_t>& ports) {
  return store_.write([&](WriteTx& tx) -> Result<> {
    std::vector<PortMap> maps = TRY(set_port_maps(tx, app.id));
    std::erase_if(maps, [&](const PortMap& map) {
      return std::find(removed.begin(), removed.end(), map) != removed.end() ||
             std::find(ports.begin(), ports.end(), map.host) != ports.end();
    });
    return store_maps(tx, app, maps);
  });
}

Result<> Ports::clear(const App& app) { return set(app, {}); }

Result<bool> Ports::disabled(const App& app) {
  return store_.read([&](ReadTx& tx) { return proxy_disabled(tx, app.id); });
}

Result<> Ports::set_disabled(const App& app, bool disabled) {
  return store_.write([&](WriteTx& tx) -> Result<> {
    std::optional<std::string> text;
    if (disabled) text = "true";
    TRY(set_property(tx, app.id, kProxyDisabled, text));
    return ensure_own_port(tx, app.id);
  });
}

}  // namespace dokku::server
