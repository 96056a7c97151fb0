// RouteTable: the one answer to "which app serves this request?"
//
// One per worker process (and one in the parent, to check changes). A Route never changes: put and
// remove exchange whole routes between two events of the loop, so a request sees one state from
// head to end by holding its Route. Matching ignores case (RFC 9110 §4.2.3); an exact host wins
// over a wildcard, a longer wildcard over a shorter, the host "*" answers to what nobody claims.
// The host alone decides which route it is, the port then whether the route answers there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "proxy/control/routes.h"
#include "proxy/net/network.h"
#include "proxy/route/endpoint.h"
#include "proxy/route/ledger.h"

namespace dokku::proxy::route {

// One of the ways into a route.
struct Entrance {
  Listener listener;                                 // port 0: the proxy's own ports
  std::vector<std::shared_ptr<Endpoint>> endpoints;  // at the listener's target port
};

struct Route {
  Group group;
  std::vector<std::shared_ptr<Endpoint>> endpoints;  // of all entrances, each once
  std::vector<Entrance> entrances;
  // Of the settings, made once.
  std::string hsts;                   // "Strict-Transport-Security: …\r\n"; empty: not said
  std::vector<net::Network> trusted;  // whose word about clients counts
  bool heeds_clients = false;         // some client's words about itself may be passed on
  bool trusts(const net::Address& peer) const;
  std::shared_ptr<Ledger> ledger;

  // Where connections from `port` come in; nullptr: nowhere. `own`: it is one of the proxy's own.
  const Entrance* entrance(std::uint16_t port, bool own) const;
};

// A route and the way into it; both null: nobody answers there. Valid until the table changes, or
// as long as the Route is held.
struct Found {
  const std::shared_ptr<const Route>* route = nullptr;
  const Entrance* entrance = nullptr;
};

class RouteTable {
 public:
  RouteTable() = default;
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // Adds the group, or exchanges the one with its key. invalid_argument: a host, port or address
  // that is none. conflict: a host or port belongs to another key. On error nothing has changed.
  Result<> put(Group group);
  // Unknown keys are fine: the wish is fulfilled.
  void remove(const std::string& key);
  Result<> replace_all(std::vector<Group> groups);
  // The same of groups that come one by one, about so many; nullopt: that was all.
  using NextGroup = std::function<Result<std::optional<Group>>()>;
  Result<> replace_all(std::size_t about, const NextGroup& next);

  // nullptr: no group claims this host. `host` without port, in any case.
  const std::shared_ptr<const Route>* find_host(std::string_view host) const;
  // What answers to this host on this port of ours.
  Found find(std::uint16_t port, bool own, std::string_view host) const;
  // Ports that routes name. TLS is spoken there by all or by none.
  bool uses_port(std::uint16_t port) const { return ports_.contains(port); }
  bool speaks_tls(std::uint16_t port) const;
  // For the parent: this port is the proxy's own, all groups share it.
  void reserve(std::uint16_t port, bool tls);
  const std::shared_ptr<const Route>* find_key(const std::string& key) const;

  std::vector<Group> groups() const;  // by key
  // f(const Group&) of each, in no order.
  template <class F>
  void each(F&& f) const {
    for (const auto& [key, route] : keys_) f(route->group);
  }
  std::size_t size() const { return keys_.size(); }
  // Of this app, or of all (an empty key): its release of now, and those before it.
  std::vector<std::shared_ptr<const Ledger>> ledgers(const std::string& key) const;
  // nullptr: no request, tunnel or route knows this target.
  std::shared_ptr<Endpoint> endpoint(const Target& target) const;
  // No request and no tunnel uses this target, at whichever of its ports listeners led there; also
  // long after it has left the table.
  bool idle(const Target& target) const;

 private:
  using Shared = std::shared_ptr<const Route>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  // A port that groups listen on.
  struct Port {
    Shared owner;  // the one group that has it alone
    std::uint32_t users = 0;
    bool tls = false;
    bool reserved = false;
  };

  Result<> check(const Group& group) const;
  Result<> check_listeners(const Group& group) const;
  std::vector<std::shared_ptr<Endpoint>> endpoints_of(const std::vector<net::Address>& addresses,
                                                      std::uint16_t port);
  void note_other_port(const net::Address& target, const std::shared_ptr<Endpoint>& endpoint);
  const Shared* owner_of(const std::string& host) const;
  Result<Shared> build(Group group);
  std::shared_ptr<Ledger> ledger_of(const Group& group);
  void forget_dead_endpoints();
  void make_room(std::size_t groups);
  Result<> fill(const NextGroup& next);
  void enter(const Shared& route);
  void leave(const Shared& route);

  ByText<Shared> exact_;
  ByText<Shared> wildcards_;  // "*.example.com" as "example.com"
  Shared any_host_;           // "*"
  std::unordered_map<std::uint16_t, Port> ports_;
  ByText<Shared> keys_;
  ByText<std::weak_ptr<Endpoint>> endpoints_;  // by "address:port"
  std::size_t endpoints_max_ = 64;             // then those that nobody uses are forgotten
  // By a target's own "address:port": the same process at the ports that listeners name.
  ByText<std::vector<std::weak_ptr<Endpoint>>> other_ports_;
  ByText<std::vector<std::shared_ptr<Ledger>>> ledgers_;  // by key, the newest first
};

}  // namespace dokku::proxy::route
