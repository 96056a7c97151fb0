// RouteControl: the control plane's handle on the running proxy.
//
// Implemented over the control socket by SocketRouteControl (client.cc) and in memory by
// tests/fakes. Each call is one atomic step for all workers: it returns when every worker serves
// the new table (milliseconds). Threads: any; one call at a time inside. Errors: unavailable (the
// proxy is away; it serves on from its snapshot; call replace_all when it is back), conflict (host
// or port taken by another key, or the port cannot be bound), invalid_argument.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/control/routes.h"
#include "proxy/control/traffic.h"

namespace dokku::proxy {

class RouteControl {
 public:
  virtual ~RouteControl() = default;
  // `certificates`: those that the groups name by id. One that the proxy has already may be left
  // out; one that it neither has nor gets is not_found, and nothing changes.
  virtual Result<> put(const Group& group, const std::vector<Certificate>& certificates) = 0;
  Result<> put(const Group& group) { return put(group, {}); }
  virtual Result<> remove(const std::string& key) = 0;
  // Makes the whole table equal to `groups`, in one step. A port that cannot be bound does not
  // hold up the others: the proxy's log names it, and the next put of its group tries again.
  virtual Result<> replace_all(const std::vector<Group>& groups,
                               const std::vector<Certificate>& certificates) = 0;
  Result<> replace_all(const std::vector<Group>& groups) { return replace_all(groups, {}); }
  virtual Result<std::vector<Group>> list() = 0;
  // Returns when no request and no upgraded connection uses `targets` any more, or after `limit`
  // (timed_out). The targets must have left the table before.
  virtual Result<> wait_drained(const std::vector<Target>& targets, Duration limit) = 0;
  // Counters and times of an app, by release; of all apps when `key` is empty.
  virtual Result<ProxyTraffic> traffic(const std::string& key) {
    return fail(Errc::unavailable, "nothing counts the requests of " + key);
  }
};

// Connects at the first call and again after a failure; `socket` is the proxy's control socket.
std::unique_ptr<RouteControl> connect_route_control(const std::filesystem::path& socket);

}  // namespace dokku::proxy
