#include "tests/fakes/fake_route_control.h"

#include <algorithm>

namespace dokku::proxy {
namespace {

Fail away() { return fail(Errc::unavailable, "the proxy is away"); }

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& x) {
    return std::find(b.begin(), b.end(), x) != b.end();
  });
}

bool clash(const Listener& a, const Listener& b) {
  return a.port == b.port && (a.any_host || b.any_host || is_tls(a.scheme) != is_tls(b.scheme));
}

bool share(const std::vector<Listener>& a, const std::vector<Listener>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Listener& x) {
    return std::any_of(b.begin(), b.end(), [&](const Listener& y) { return clash(x, y); });
  });
}

Result<> check(const std::map<std::string, Group>& groups, const Group& group) {
  if (group.key.empty()) return fail(Errc::invalid_argument, "\"key\" is missing");
  for (const auto& [key, other] : groups) {
    if (key == group.key) continue;
    if (share(other.hosts, group.hosts) || share(other.listeners, group.listeners)) {
      return fail(Errc::conflict, "a host or port of " + group.key + " belongs to " + key);
    }
  }
  return {};
}

}  // namespace

Result<> FakeRouteControl::put(const Group& group, const std::vector<Certificate>&) {
  return state_.with([&](State& state) -> Result<> {
    state.calls.push_back("put " + group.key);
    if (state.away) return away();
    TRY(check(state.groups, group));
    for (const Listener& listener : group.listeners) {
      if (!state.strangers_ports.contains(listener.port)) continue;
      return fail(Errc::conflict, "listen: Address already in use");
    }
    state.groups[group.key] = group;
    return {};
  });
}

Result<> FakeRouteControl::remove(const std::string& key) {
  return state_.with([&](State& state) -> Result<> {
    state.calls.push_back("remove " + key);
    if (state.away) return away();
    state.groups.erase(key);
    return {};
  });
}

Result<> FakeRouteControl::replace_all(const std::vector<Group>& groups,
                                       const std::vector<Certificate>&) {
  return state_.with([&](State& state) -> Result<> {
    state.calls.push_back("replace_all " + std::to_string(groups.size()));
    if (state.away) return away();
    std::map<std::string, Group> fresh;
    for (const Group& group : groups) {
      TRY(check(fresh, group));
      fresh[group.key] = group;
    }
    state.groups = std::move(fresh);
    return {};
  });
}

Result<std::vector<Group>> FakeRouteControl::list() {
  return state_.with([&](State& state) -> Result<std::vector<Group>> {
    if (state.away) return away();
    std::vector<Group> all;
    for (const auto& [key, group] : state.groups) all.push_back(group);
    return all;
  });
}

Result<> FakeRouteControl::wait_drained(const std::vector<Target>& targets, Duration) {
  return state_.with([&](State& state) -> Result<> {
    std::string call = "wait_drained";
    for (const Target& target : targets) {
      call += " " + target.address + ":" + std::to_string(target.port);
    }
    state.calls.push_back(call);
    if (state.away) return away();
    if (state.never_drains) return fail(Errc::timed_out, "requests are still running");
    return {};
  });
}

void FakeRouteControl::set_away(bool away_now) {
  state_.with([&](State& state) { state.away = away_now; });
}

void FakeRouteControl::take_ports(std::set<std::uint16_t> ports) {
  state_.with([&](State& state) { state.strangers_ports = std::move(ports); });
}

void FakeRouteControl::set_never_drains(bool never) {
  state_.with([&](State& state) { state.never_drains = never; });
}

std::vector<std::string> FakeRouteControl::calls() {
  return state_.with([](State& state) { return state.calls; });
}

}  // namespace dokku::proxy
