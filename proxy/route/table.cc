#include "proxy/route/table.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace dokku::proxy::route {
namespace {

constexpr std::size_t kHostBytesMax = 253;
constexpr std::string_view kAnyHost = "*";
constexpr std::size_t kLedgersMax = 3;  // of one app: the release that serves, and two before it

// Lower-case letters, digits, '-', '_', '.', and brackets or colons of an IPv6 literal.
bool is_host(std::string_view host) {
  if (host == kAnyHost) return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  if (host.empty() || host.size() > kHostBytesMax) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.:[]").find(c) != std::string_view::npos;
  });
}

bool is_wildcard(const std::string& host) { return host.starts_with("*."); }

std::string hsts_line(const Settings& settings) {
  if (!settings.hsts) return {};
  std::string line = "Strict-Transport-Security: max-age=" + std::to_string(settings.hsts_max_age);
  if (settings.hsts_include_subdomains) line += "; includeSubdomains";
  if (settings.hsts_preload) line += "; preload";
  return line + "\r\n";
}

bool heeds_clients(const Settings& settings) {
  const auto replace = Settings::Forwarded::replace;
  return settings.x_forwarded_for != replace || settings.x_forwarded_proto != replace ||
         settings.x_forwarded_port != replace || settings.x_forwarded_host != replace;
}

Fail taken(const std::string& what, const Route& owner) {
  return fail(Errc::conflict, what + " belongs to " + owner.group.key);
}

}  // namespace

const RouteTable::Shared* RouteTable::owner_of(const std::string& host) const {
  if (host == kAnyHost) return any_host_ ? &any_host_ : nullptr;
  const bool wildcard = is_wildcard(host);
  const auto& map = wildcard ? wildcards_ : exact_;
  const auto found = map.find(wildcard ? std::string_view(host).substr(2) : host);
  return found == map.end() ? nullptr : &found->second;
}

Result<> RouteTable::check(const Group& group) const {
  if (group.key.empty()) return fail(Errc::invalid_argument, "a group without a key");
  for (const std::string& host : group.hosts) {
    if (!is_host(host)) return fail(Errc::invalid_argument, "not a host: \"" + host + "\"");
    const Shared* owner = owner_of(host);
    if (owner != nullptr && (*owner)->group.key != group.key) return taken(host, **owner);
  }
  return check_listeners(group);
}

Result<> RouteTable::check_listeners(const Group& group) const {
  const Shared* own = find_key(group.key);
  std::set<std::uint16_t> named;
  for (const Listener& listener : group.listeners) {
    const std::string name = "port " + std::to_string(listener.port);
    if (listener.port == 0) return fail(Errc::invalid_argument, "a listener without a port");
    if (!named.insert(listener.port).second) {
      return fail(Errc::invalid_argument, name + " is named twice by " + group.key);
    }
    const auto found = ports_.find(listener.port);
    if (found == ports_.end()) continue;
    const Port& port = found->second;
    if (port.owner && port.owner->group.key != group.key) return taken(name, *port.owner);
    const bool ours = own != nullptr && (*own)->entrance(listener.port, false) != nullptr;
    const bool shared = port.reserved || port.users > (ours ? 1U : 0U);
    if (!shared) continue;
    if (listener.any_host) return fail(Errc::conflict, name + " is shared by apps");
    if (is_tls(listener.scheme) != port.tls) {
      return fail(Errc::conflict, name + " speaks " + (port.tls ? "https" : "http") +
                                      " for other apps, and cannot do both");
    }
  }
  return {};
}

// The addresses at `port`, or, when it is 0, each at its own.
std::vector<std::shared_ptr<Endpoint>> RouteTable::endpoints_of(
    const std::vector<net::Address>& addresses, std::uint16_t port) {
  std::vector<std::shared_ptr<Endpoint>> all;
  for (const net::Address& each : addresses) {
    const net::Address address = port == 0 ? each : each.with_port(port);
    std::string name = address.text();
    std::weak_ptr<Endpoint>& known = endpoints_[name];
    std::shared_ptr<Endpoint> endpoint = known.lock();
    if (!endpoint) {
      endpoint = std::make_shared<Endpoint>(address, std::move(name));
      known = endpoint;
    }
    if (port != 0 && port != each.port()) note_other_port(each, endpoint);
    all.push_back(std::move(endpoint));
  }
  return all;
}

void RouteTable::note_other_port(const net::Address& target,
                                 const std::shared_ptr<Endpoint>& endpoint) {
  auto& all = other_ports_[target.text()];
  std::erase_if(all, [](const auto& each) { return each.expired(); });
  const bool known = std::any_of(all.begin(), all.end(),
                                 [&](const auto& each) { return each.lock() == endpoint; });
  if (!known) all.push_back(endpoint);
}

Result<RouteTable::Shared> RouteTable::build(Group wanted) {
  auto route = std::make_shared<Route>();
  route->group = std::move(wanted);
  const Group& group = route->group;
  std::vector<net::Address> addresses;
  for (const Target& target : group.targets) {
    const net::Address address = TRY(net::Address::parse(target.address, target.port));
    addresses.push_back(address);
  }
  route->hsts = hsts_line(group.settings);
  for (const std::string& text : group.settings.trusted_proxies) {
    const net::Network network = TRY(net::Network::parse(text));
    route->trusted.push_back(network);
  }
  route->heeds_clients = !route->trusted.empty() || heeds_clients(group.settings);
  bool shares = false;
  for (const Listener& listener : group.listeners) {
    shares = shares || !listener.any_host;
    route->entrances.push_back({listener, endpoints_of(addresses, listener.target_port)});
  }
  if (!shares) route->entrances.push_back({Listener{}, endpoints_of(addresses, 0)});
  for (const Entrance& entrance : route->entrances) {
    for (const auto& endpoint : entrance.endpoints) {
      const auto& all = route->endpoints;
      if (std::find(all.begin(), all.end(), endpoint) == all.end()) {
        route->endpoints.push_back(endpoint);
      }
    }
  }
  route->ledger = ledger_of(group);
  return Shared(std::move(route));
}

bool Route::trusts(const net::Address& peer) const {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&](const net::Network& each) { return each.contains(peer); });
}

std::shared_ptr<Ledger> RouteTable::ledger_of(const Group& group) {
  auto& all = ledgers_[group.key];
  for (const auto& ledger : all) {
    if (ledger->traffic.generation == group.generation) return ledger;
  }
  auto fresh = std::make_shared<Ledger>();
  fresh->traffic.key = group.key;
  fresh->traffic.generation = group.generation;
  all.insert(all.begin(), fresh);
  if (all.size() > kLedgersMax) all.pop_back();
  return fresh;
}

std::vector<std::shared_ptr<const Ledger>> RouteTable::ledgers(const std::string& key) const {
  std::vector<std::shared_ptr<const Ledger>> found;
  for (const auto& [owner, ledgers] : ledgers_) {
    if (key.empty() || owner == key) found.insert(found.end(), ledgers.begin(), ledgers.end());
  }
  return found;
}

// Not at each change: there may be ten thousand.
void RouteTable::forget_dead_endpoints() {
  if (endpoints_.size() < endpoints_max_) return;
  std::erase_if(endpoints_, [](const auto& entry) { return entry.second.expired(); });
  std::erase_if(other_ports_, [](const auto& entry) {
    return std::all_of(entry.second.begin(), entry.second.end(),
                       [](const auto& each) { return each.expired(); });
  });
  endpoints_max_ = std::max<std::size_t>(64, 2 * endpoints_.size());
}

// A name and an address each, mostly: the maps need not grow again and again.
void RouteTable::make_room(std::size_t groups) {
  exact_.reserve(groups);
  keys_.reserve(groups);
  endpoints_.reserve(groups);
  ledgers_.reserve(groups);
  endpoints_max_ = std::max(endpoints_max_, 2 * groups);
}

const Entrance* Route::entrance(std::uint16_t port, bool own) const {
  for (const Entrance& each : entrances) {
    if (each.listener.port == port || (own && each.listener.port == 0)) return &each;
  }
  return nullptr;
}

void RouteTable::enter(const Shared& route) {
  for (const std::string& host : route->group.hosts) {
    if (host == kAnyHost) {
      any_host_ = route;
    } else if (is_wildcard(host)) {
      wildcards_[host.substr(2)] = route;
    } else {
      exact_[host] = route;
    }
  }
  for (const Listener& listener : route->group.listeners) {
    Port& port = ports_[listener.port];
    ++port.users;
    port.tls = is_tls(listener.scheme);
    if (listener.any_host) port.owner = route;
  }
  for (const auto& endpoint : route->endpoints) ++endpoint->routes;
  keys_[route->group.key] = route;
}

void RouteTable::leave(const Shared& route) {
  for (const std::string& host : route->group.hosts) {
    if (host == kAnyHost) {
      any_host_ = nullptr;
    } else if (is_wildcard(host)) {
      wildcards_.erase(host.substr(2));
    } else {
      exact_.erase(host);
    }
  }
  for (const Listener& listener : route->group.listeners) {
    Port& port = ports_[listener.port];
    if (listener.any_host) port.owner = nullptr;
    if (--port.users == 0 && !port.reserved) ports_.erase(listener.port);
  }
  for (const auto& endpoint : route->endpoints) --endpoint->routes;
  keys_.erase(route->group.key);
}

namespace {

template <class Routes>
void let_go(const Routes& routes) {
  for (const auto& [key, route] : routes) {
    for (const auto& endpoint : route->endpoints) --endpoint->routes;
  }
}

// After a change: what no route names any more keeps no connection to itself.
void drop_retired(const Route& old) {
  for (const auto& endpoint : old.endpoints) {
    if (endpoint->retired()) endpoint->drop_idle();
  }
}

}  // namespace

Result<> RouteTable::put(Group group) {
  TRY(check(group));
  const Shared fresh = TRY(build(std::move(group)));
  const Shared* found = find_key(fresh->group.key);
  const Shared old = found == nullptr ? nullptr : *found;
  if (old) leave(old);
  enter(fresh);
  if (old) drop_retired(*old);
  forget_dead_endpoints();
  return {};
}

void RouteTable::remove(const std::string& key) {
  const Shared* found = find_key(key);
  if (found == nullptr) return;
  const Shared old = *found;
  leave(old);
  drop_retired(*old);
  ledgers_.erase(key);
}

Result<> RouteTable::replace_all(std::vector<Group> groups) {
  auto at = groups.begin();
  return replace_all(groups.size(), [&]() -> Result<std::optional<Group>> {
    if (at == groups.end()) return std::optional<Group>();
    return std::optional<Group>(std::move(*at++));
  });
}

Result<> RouteTable::replace_all(std::size_t about, const NextGroup& next) {
  RouteTable fresh;
  fresh.endpoints_ = endpoints_;
  fresh.other_ports_ = other_ports_;
  fresh.ledgers_ = ledgers_;
  fresh.make_room(about);
  for (const auto& [number, port] : ports_) {
    if (port.reserved) fresh.reserve(number, port.tls);
  }
  const Result<> filled = fresh.fill(next);
  if (!filled) {
    let_go(fresh.keys_);
    return filled;
  }
  const ByText<Shared> old = std::move(keys_);
  exact_ = std::move(fresh.exact_);
  wildcards_ = std::move(fresh.wildcards_);
  any_host_ = std::move(fresh.any_host_);
  ports_ = std::move(fresh.ports_);
  keys_ = std::move(fresh.keys_);
  endpoints_ = std::move(fresh.endpoints_);
  other_ports_ = std::move(fresh.other_ports_);
  ledgers_ = std::move(fresh.ledgers_);
  std::erase_if(ledgers_, [&](const auto& entry) { return !keys_.contains(entry.first); });
  let_go(old);
  for (const auto& [key, route] : old) drop_retired(*route);
  return {};
}

Result<> RouteTable::fill(const NextGroup& next) {
  for (;;) {
    std::optional<Group> group = TRY(next());
    if (!group) return {};
    if (find_key(group->key) != nullptr) {
      return fail(Errc::conflict, "two groups of key " + group->key);
    }
    TRY(put(std::move(*group)));
  }
}

const RouteTable::Shared* RouteTable::find_host(std::string_view host) const {
  const Shared* const unclaimed = any_host_ ? &any_host_ : nullptr;
  std::array<char, kHostBytesMax> buffer;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > buffer.size()) return unclaimed;
  std::transform(host.begin(), host.end(), buffer.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  std::string_view name(buffer.data(), host.size());
  if (const auto found = exact_.find(name); found != exact_.end()) return &found->second;
  if (wildcards_.empty()) return unclaimed;
  for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    name.remove_prefix(dot + 1);
    if (const auto found = wildcards_.find(name); found != wildcards_.end()) return &found->second;
  }
  return unclaimed;
}

Found RouteTable::find(std::uint16_t port, bool own, std::string_view host) const {
  const Shared* route = nullptr;
  if (!own) {
    const auto found = ports_.find(port);
    if (found == ports_.end()) return {};
    if (found->second.owner) route = &found->second.owner;
  }
  if (route == nullptr) route = find_host(host);
  if (route == nullptr) return {};
  const Entrance* entrance = (*route)->entrance(port, own);
  return entrance == nullptr ? Found{} : Found{route, entrance};
}

bool RouteTable::speaks_tls(std::uint16_t port) const {
  const auto found = ports_.find(port);
  return found != ports_.end() && found->second.tls;
}

void RouteTable::reserve(std::uint16_t port, bool tls) {
  Port& reserved = ports_[port];
  reserved.reserved = true;
  reserved.tls = tls;
}

const RouteTable::Shared* RouteTable::find_key(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

std::vector<Group> RouteTable::groups() const {
  std::vector<Group> all;
  for (const auto& [key, route] : keys_) all.push_back(route->group);
  std::sort(all.begin(), all.end(), [](const Group& a, const Group& b) { return a.key < b.key; });
  return all;
}

std::shared_ptr<Endpoint> RouteTable::endpoint(const Target& target) const {
  const Result<net::Address> address = net::Address::parse(target.address, target.port);
  if (!address) return nullptr;
  const auto found = endpoints_.find(address->text());
  return found == endpoints_.end() ? nullptr : found->second.lock();
}

bool RouteTable::idle(const Target& target) const {
  const auto unused = [](const std::shared_ptr<Endpoint>& each) {
    return !each || each->outstanding == 0;
  };
  if (!unused(endpoint(target))) return false;
  const Result<net::Address> address = net::Address::parse(target.address, target.port);
  const auto found = address ? other_ports_.find(address->text()) : other_ports_.end();
  return found == other_ports_.end() ||
         std::all_of(found->second.begin(), found->second.end(),
                     [&](const auto& each) { return unused(each.lock()); });
}

}  // namespace dokku::proxy::route
