// FakeNetworks: addresses without a kernel, for tests of what sits above runtime/network.
//
// Each endpoint gets the next of 10.83.0.1, 10.83.0.2, … and keeps it until it is detached.
// Threads: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "runtime/api/networks.h"

namespace dokku::testing {

class FakeNetworks final : public runtime::Networks {
 public:
  Result<> ensure() override { return {}; }
  Result<runtime::Endpoint> attach(const runtime::ContainerId& id) override;
  Result<> detach(const runtime::ContainerId& id) override;
  Result<std::vector<runtime::Endpoint>> list() override;
  Result<> open_ports(const std::set<std::uint16_t>& ports) override;
  std::set<std::uint16_t> opened();
  Result<runtime::NetworkHealth> health() override;
  std::filesystem::path resolv_conf() const override { return "/run/test/resolv.conf"; }
  Result<> remove_all() override;

  // The next attach fails.
  // From now on every endpoint has this one, "127.0.0.1": something real listens there.
  void use_address(std::string address);
  void fail_next(Error error);
  void set_health(runtime::NetworkHealth health);
  std::size_t size();

 private:
  struct State {
    std::string address;
    std::map<std::string, runtime::Endpoint> endpoints;
    unsigned next = 1;
    std::set<std::uint16_t> opened;
    std::optional<Error> failure;
    runtime::NetworkHealth health{true, true, {}, {}};
  };
  Guarded<State> state_;
};

}  // namespace dokku::testing
