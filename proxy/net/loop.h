// Loop: one thread's epoll, timers and clock. Everything of a connection happens on one loop.
//
// Edge-triggered: a descriptor is registered once, for everything, and never modified. Objects that
// are done are discarded: their destruction waits for the end of the turn, so that events already
// fetched for them find them alive (and are skipped).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/net/timer_wheel.h"

namespace dokku::proxy::net {

class Watcher {
 public:
  virtual ~Watcher() = default;
  // `events` as from epoll_wait.
  virtual void on_events(std::uint32_t events) = 0;
  // Later in the same turn, or in the next, after Loop::again.
  virtual void on_again() {}
  bool discarded() const { return discarded_; }

 private:
  friend class Loop;
  bool again_ = false;
  bool discarded_ = false;
};

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create(const Clock& clock);

  // Watches `fd` (IN, OUT, RDHUP, edge-triggered) until it is closed. One that other processes hold
  // too is not closed by our closing it: unwatch it before.
  Result<> watch(int fd, Watcher& watcher);
  void unwatch(int fd);
  // Calls watcher.on_again() after the events at hand; once, however often it is asked for.
  void again(Watcher& watcher);
  // Destroys the object at the end of this turn; it hears nothing more.
  void discard(std::unique_ptr<Watcher> watcher);

  // Runs until stop().
  void run();
  void stop() { running_ = false; }

  // Read once per turn.
  TimePoint now() const { return now_; }
  // Wall clock, in milliseconds since 1970, read once per turn at most.
  std::uint64_t wall_millis();
  TimerWheel& timers() { return timers_; }

 private:
  Loop(const Clock& clock, UniqueFd epoll);
  int wait_millis() const;
  void turn();

  const Clock& clock_;
  UniqueFd epoll_;
  TimePoint now_;
  std::uint64_t wall_millis_ = 0;  // 0: not read in this turn
  TimerWheel timers_;
  bool running_ = true;
  std::vector<Watcher*> again_;
  std::vector<Watcher*> again_now_;
  std::vector<std::unique_ptr<Watcher>> discarded_;
};

}  // namespace dokku::proxy::net
