// Turns: who may go on, one after the other, in the order of asking.
//
// Two uses: one deploy per app at a time (the key is the app), and at most N builds at once (one
// key for all). Who must wait is told for whom and since when. Threads: any; `take` blocks.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/progress.h"

namespace dokku::server {

class Turns {
 public:
  struct Ask {
    std::string key;
    std::string what;  // "the deploy of blog by alice": what others are told they wait for
    bool wait = true;  // false: conflict at once when it is not free
  };

  // The right to go on. Its destructor gives it to the next.
  class Turn {
   public:
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class Turns;
    struct Place;
    Turn(Turns& turns, std::string key, std::shared_ptr<Place> place)
        : turns_(&turns), key_(std::move(key)), place_(std::move(place)) {}
    Turns* turns_;
    std::string key_;
    std::shared_ptr<Place> place_;
  };

  Turns(const Clock& clock, unsigned at_once) : clock_(clock), at_once_(at_once) {}

  // conflict: taken, and nobody wants to wait. cancelled: by `progress`.
  Result<Turn> take(const Ask& ask, Progress& progress);
  // All that are taken now.
  std::set<std::string> keys();
  // "the deploy of blog by alice since 14:03:22"; empty: free.
  std::string holder(const std::string& key);

 private:
  using Queue = std::deque<std::shared_ptr<Turn::Place>>;
  void leave(const std::string& key, const std::shared_ptr<Turn::Place>& place);

  const Clock& clock_;
  const unsigned at_once_;
  std::mutex mutex_;
  std::map<std::string, Queue> queues_;  // the first `at_once_` of each may go on
};

// "14:03:22", of the machine's own time zone.
std::string clock_time(WallTime at);

}  // namespace dokku::server
