// Context: what all connections of one worker share: loop, routes, limits, scratch memory, pools.
//
// One thread. Connections hold no buffer of their own while they have nothing unfinished: they read
// into `scratch`, parse into `request` and `answer`, write heads into `out`, and are done with all
// of them before they return to the loop.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/message.h"
#include "proxy/net/loop.h"
#include "proxy/route/table.h"
#include "proxy/session/access_log.h"
#include "proxy/session/holds.h"
#include "proxy/session/limits.h"
#include "proxy/session/registry.h"

namespace dokku::proxy::tls {
class Server;
}

namespace dokku::proxy::session {

class AppConnection;
class ClientConnection;
class Exchange;
class UpstreamConnection;

struct Counters {
  std::uint64_t requests = 0;
  std::uint64_t connections = 0;
  std::uint64_t app_connections = 0;
  std::uint64_t retries = 0;
  std::uint64_t refused = 0;
  std::uint64_t turned_away = 0;  // connections
  std::uint64_t log_lines_lost = 0;
};

class Context {
 public:
  Context(net::Loop& loop, const Limits& limits, std::uint64_t seed);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  net::Loop& loop;
  const Limits limits;
  const Settings defaults;  // until an app is known
  route::RouteTable routes;
  Holds holds;
  tls::Server* tls = nullptr;  // null: no TLS here
  AccessLog logs;
  bool draining = false;
  Counters counters;

  std::vector<char> scratch;
  std::string out;
  std::string app_out;    // frames for apps; while they are gathered, `out` may be written
  std::string forwarded;  // values that forwarding.h makes
  http::RequestHead request;
  http::AnswerHead answer;

  // The rest of the descriptors is for connections to apps (reserve_descriptors).
  std::size_t clients_max = std::numeric_limits<std::size_t>::max();
  void reserve_descriptors(std::size_t all);
  // Counts a connection that cannot be served, and says so in the log, once a second at most.
  void turned_away(std::string_view why);

  Registry<ClientConnection> clients;
  Registry<UpstreamConnection> upstreams;
  Registry<AppConnection> app_connections;
  // Told (Loop::again) when an endpoint or a client has become idle; may be null.
  net::Watcher* idle_listener = nullptr;
  void tell_idle() {
    if (idle_listener != nullptr) loop.again(*idle_listener);
  }

  // Of the app that a client will most likely ask, before it has: whose port it is, or who owns the
  // name that it gave in TLS; else the defaults.
  const Settings& settings_before_request(std::uint16_t port, bool own_port,
                                          std::string_view server_name) const;

  std::unique_ptr<Exchange> take_exchange();
  void give_back(std::unique_ptr<Exchange> exchange);

  std::uint64_t random();
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  std::string_view date();
  // Seconds since 1970 with milliseconds, as nginx's $msec.
  std::string_view request_start();
  std::string_view new_request_id();

 private:
  std::array<std::uint64_t, 2> random_state_;
  std::optional<TimePoint> complained_at_;
  std::uint64_t complained_of_ = 0;
  std::uint64_t date_second_ = 0;
  std::array<char, 32> date_{};
  std::uint64_t start_millis_ = 0;
  std::string start_text_;
  std::array<char, 32> request_id_{};
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;
};

}  // namespace dokku::proxy::session
