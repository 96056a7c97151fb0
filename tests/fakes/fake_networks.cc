#include "tests/fakes/fake_networks.h"

namespace dokku::testing {

Result<runtime::Endpoint> FakeNetworks::attach(const runtime::ContainerId& id) {
  return state_.with([&](State& state) -> Result<runtime::Endpoint> {
    if (auto failure = std::exchange(state.failure, std::nullopt)) return Fail(*failure);
    const auto known = state.endpoints.find(id.str());
    if (known != state.endpoints.end()) return known->second;
    const runtime::Endpoint endpoint{id, "/run/test/netns/" + id.str(),
                                     state.address.empty()
                                         ? "10.83.0." + std::to_string(state.next++)
                                         : state.address};
    state.endpoints.emplace(id.str(), endpoint);
    return endpoint;
  });
}

Result<> FakeNetworks::detach(const runtime::ContainerId& id) {
  state_.with([&](State& state) { state.endpoints.erase(id.str()); });
  return {};
}

Result<std::vector<runtime::Endpoint>> FakeNetworks::list() {
  return state_.with([](State& state) {
    std::vector<runtime::Endpoint> out;
    for (const auto& [id, endpoint] : state.endpoints) out.push_back(endpoint);
    return out;
  });
}

Result<runtime::NetworkHealth> FakeNetworks::health() {
  return state_.with([](State& state) { return state.health; });
}

void FakeNetworks::set_health(runtime::NetworkHealth health) {
  state_.with([&](State& state) { state.health = std::move(health); });
}

Result<> FakeNetworks::remove_all() {
  state_.with([](State& state) { state.endpoints.clear(); });
  return {};
}

void FakeNetworks::use_address(std::string address) {
  state_.with([&](State& state) { state.address = std::move(address); });
}

void FakeNetworks::fail_next(Error error) {
  state_.with([&](State& state) { state.failure = std::move(error); });
}

Result<> FakeNetworks::open_ports(const std::set<std::uint16_t>& ports) {
  state_.with([&](State& state) { state.opened = ports; });
  return {};
}

std::set<std::uint16_t> FakeNetworks::opened() {
  return state_.with([](State& state) { return state.opened; });
}

std::size_t FakeNetworks::size() {
  return state_.with([](State& state) { return state.endpoints.size(); });
}

}  // namespace dokku::testing
