// BootQueue: after a reboot, who is started next, and how many at once.
//
// All processes of all apps are missing then. Started together they would all be slow, so at most
// so many are under way at a time, in the order in which they were wanted (the caller's: last used
// first). A place is free again when its process is ready, has failed, or has taken its time: one
// slow app holds up nobody for long. Used by Supervision, whose clock and lock it shares; a value.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "base/clock.h"
#include "server/supervise/instance_id.h"

namespace dokku::server {

class BootQueue {
 public:
  // One that is not ready after so long no longer keeps others waiting.
  static constexpr Duration kPatience = std::chrono::seconds(10);

  explicit BootQueue(std::size_t at_once) : at_once_(at_once) {}

  void add(const InstanceKey& key) { waiting_.push_back(key); }
  // The next that may start now; to be called until there is none.
  std::optional<InstanceKey> next(TimePoint now);
  // It is ready, it failed, or it is not wanted any more. Others are no business of ours.
  void settled(const InstanceKey& key);
  // When a place becomes free by itself.
  std::optional<TimePoint> next_timer() const;
  bool contains(const InstanceKey& key) const;
  // All that were added have been started and are settled, or had their time.
  bool empty() const { return waiting_.empty() && under_way_.empty(); }

 private:
  std::size_t at_once_;
  std::deque<InstanceKey> waiting_;
  std::map<InstanceKey, TimePoint> under_way_;  // until when they hold their place
};

}  // namespace dokku::server
