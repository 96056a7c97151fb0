#include "server/deploy/opening_routes.h"

#include <utility>

#include "base/log.h"

namespace dokku::server {
namespace {

std::set<std::uint16_t> ports_of(const proxy::Group& group) {
  std::set<std::uint16_t> ports;
  for (const proxy::Listener& listener : group.listeners) ports.insert(listener.port);
  return ports;
}

}  // namespace

Result<> OpeningRoutes::put(const proxy::Group& group,
                            const std::vector<proxy::Certificate>& certificates) {
  TRY(inner_.put(group, certificates));
  const std::lock_guard hold(mutex_);
  ports_[group.key] = ports_of(group);
  open();
  return {};
}

Result<> OpeningRoutes::remove(const std::string& key) {
  TRY(inner_.remove(key));
  const std::lock_guard hold(mutex_);
  ports_.erase(key);
  open();
  return {};
}

Result<> OpeningRoutes::replace_all(const std::vector<proxy::Group>& groups,
                                    const std::vector<proxy::Certificate>& certificates) {
  TRY(inner_.replace_all(groups, certificates));
  const std::lock_guard hold(mutex_);
  ports_.clear();
  for (const proxy::Group& group : groups) ports_[group.key] = ports_of(group);
  open();
  return {};
}

Result<std::vector<proxy::Group>> OpeningRoutes::list() {
  std::vector<proxy::Group> groups = TRY(inner_.list());
  const std::lock_guard hold(mutex_);
  for (const proxy::Group& group : groups) ports_.try_emplace(group.key, ports_of(group));
  open();
  return groups;
}

Result<> OpeningRoutes::wait_drained(const std::vector<proxy::Target>& targets, Duration limit) {
  return inner_.wait_drained(targets, limit);
}

void OpeningRoutes::open() {
  std::set<std::uint16_t> all;
  for (const auto& [key, ports] : ports_) all.insert(ports.begin(), ports.end());
  if (all == opened_) return;
  const Result<> opened = networks_.open_ports(all);
  if (opened) {
    opened_ = std::move(all);
  } else {
    log::warn("opening ports to containers: " + opened.error().message());
  }
}

}  // namespace dokku::server
