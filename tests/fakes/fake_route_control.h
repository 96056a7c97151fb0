// RouteControl in memory: keeps the table, refuses conflicts as the proxy does, and remembers
// calls.
//
// Threads: any. A test may say that the proxy is away, or that a drain does not end.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "proxy/control/client.h"

namespace dokku::proxy {

class FakeRouteControl : public RouteControl {
 public:
  using RouteControl::put;
  using RouteControl::replace_all;
  Result<> put(const Group& group, const std::vector<Certificate>& certificates) override;
  Result<> remove(const std::string& key) override;
  Result<> replace_all(const std::vector<Group>& groups,
                       const std::vector<Certificate>& certificates) override;
  Result<std::vector<Group>> list() override;
  Result<> wait_drained(const std::vector<Target>& targets, Duration limit) override;

  // Every call fails with unavailable until it is set back.
  void set_away(bool away);
  // Where something else listens.
  void take_ports(std::set<std::uint16_t> ports);
  // wait_drained returns timed_out at once.
  void set_never_drains(bool never);
  // "put blog", "remove blog", "replace_all 2", "wait_drained 10.0.0.1:5000", in order.
  std::vector<std::string> calls();

 private:
  struct State {
    std::map<std::string, Group> groups;
    std::vector<std::string> calls;
    std::set<std::uint16_t> strangers_ports;
    bool away = false;
    bool never_drains = false;
  };
  Guarded<State> state_;
};

}  // namespace dokku::proxy
