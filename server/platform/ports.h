// Ports: which ports of the host lead to which ports of an app (`ports:*`), and whether the proxy
// serves it by name at all (`proxy:enable|disable`).
#pragma once

#include <string>
#include <vector>

#include "server/model/port_map.h"
#include "server/store/apps.h"

namespace dokku::server {

struct PortsSeen {
  std::vector<PortMap> set;
  std::vector<PortMap> detected;
};

class Ports {
 public:
  explicit Ports(Store& store) : store_(store) {}

  Result<PortsSeen> seen(const App& app);
  // Each is all or nothing; the caller then asks for the routes to follow. conflict as in
  // check_port_maps, or another app has the port alone or speaks another scheme there.
  Result<> add(const App& app, const std::vector<PortMap>& added);
  Result<> set(const App& app, const std::vector<PortMap>& maps);
  // Whole maps, or ports of the host.
  Result<> remove(const App& app, const std::vector<PortMap>& removed,
                  const std::vector<std::uint16_t>& ports);
  Result<> clear(const App& app);

  Result<bool> disabled(const App& app);
  Result<> set_disabled(const App& app, bool disabled);

 private:
  Store& store_;
};

}  // namespace dokku::server
