// Holds: the requests of apps that are held (Settings::hold): they wait until their app is let go.
//
// Bounded per app in number, bytes and time; each worker has its share of the first two. One
// thread. Requests are let go in the order in which they came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "proxy/control/settings.h"
#include "proxy/net/timer_wheel.h"

namespace dokku::proxy::net {
class Loop;
}
namespace dokku::proxy::route {
class RouteTable;
}

namespace dokku::proxy::session {

class Exchange;
class HoldQueue;

// The place of one request among those that wait. Leaves it when it is destroyed.
class HoldTicket {
 public:
  HoldTicket() = default;
  HoldTicket(const HoldTicket&) = delete;
  HoldTicket& operator=(const HoldTicket&) = delete;
  ~HoldTicket() { leave(); }

  void leave();
  bool waits() const { return queue_ != nullptr; }
  // More of the request waits with it. False: no more fits, stop reading.
  bool grow(std::size_t bytes);
  bool full() const;

 private:
  friend class HoldQueue;
  friend class Holds;
  HoldQueue* queue_ = nullptr;
  Exchange* exchange_ = nullptr;
  HoldTicket* next_ = nullptr;
  HoldTicket* previous_ = nullptr;
  TimePoint due_{};
  std::size_t bytes_ = 0;
};

class Holds {
 public:
  explicit Holds(net::Loop& loop);
  ~Holds();

  // The number of workers that the bounds of an app are shared out over.
  void share(std::size_t workers) { workers_ = workers; }
  // False: as many wait as may.
  bool enter(HoldTicket& ticket, Exchange& exchange, const std::string& key,
             const Settings& settings, std::size_t bytes);
  // After a change of routes: lets go whoever need not wait any more.
  void look_again(const route::RouteTable& routes);
  std::size_t waiting(const std::string& key) const;

 private:
  net::Loop& loop_;
  std::size_t workers_ = 1;
  std::unordered_map<std::string, std::unique_ptr<HoldQueue>> queues_;
};

}  // namespace dokku::proxy::session
