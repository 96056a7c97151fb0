// Endpoint: one address of an app, as one worker sees it: its load, its health, its idle
// connections.
//
// Shared by the routes that name it and by the requests that use it; lives until the last lets go.
// One thread, like everything in a worker.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "proxy/net/address.h"

namespace dokku::proxy::route {

// A connection that waits for its next request. The session's connection class implements it.
class IdleConnection {
 public:
  virtual void drop() = 0;  // closes it and takes it out of the endpoint
  std::uint32_t idle_index = 0;

 protected:
  ~IdleConnection() = default;
};

// A connection that serves many requests at once (HTTP/2), and takes more.
class SharedConnection {
 public:
  // Takes itself out of the endpoint, finishes what is under way and closes.
  virtual void retire() = 0;

 protected:
  ~SharedConnection() = default;
};

struct Endpoint {
  // `text`: of that address.
  Endpoint(const net::Address& where, std::string text) : address(where), name(std::move(text)) {}
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  net::Address address;
  std::string name;               // "10.0.0.1:5000", for logs
  std::uint32_t outstanding = 0;  // requests and tunnels
  std::uint32_t routes = 0;       // 0: it has left the table, nothing new goes there
  TimePoint rests_until{};        // after a refused connection
  std::vector<IdleConnection*> idle;
  std::vector<SharedConnection*> shared;

  bool retired() const { return routes == 0; }
  void add_idle(IdleConnection& connection) {
    connection.idle_index = static_cast<std::uint32_t>(idle.size());
    idle.push_back(&connection);
  }
  void remove_idle(IdleConnection& connection) {
    idle.back()->idle_index = connection.idle_index;
    idle[connection.idle_index] = idle.back();
    idle.pop_back();
  }
  void drop_idle() {
    while (!idle.empty()) idle.back()->drop();
    while (!shared.empty()) shared.back()->retire();
  }
  void remove_shared(SharedConnection& connection) { std::erase(shared, &connection); }
};

}  // namespace dokku::proxy::route
