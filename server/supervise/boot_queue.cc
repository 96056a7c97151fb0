#include "server/supervise/boot_queue.h"

#include <algorithm>

namespace dokku::server {

std::optional<InstanceKey> BootQueue::next(TimePoint now) {
  std::erase_if(under_way_, [&](const auto& one) { return one.second <= now; });
  if (waiting_.empty() || under_way_.size() >= at_once_) return std::nullopt;
  InstanceKey key = waiting_.front();
  waiting_.pop_front();
  under_way_[key] = now + kPatience;
  return key;
}

void BootQueue::settled(const InstanceKey& key) {
  under_way_.erase(key);
  std::erase(waiting_, key);
}

std::optional<TimePoint> BootQueue::next_timer() const {
  std::optional<TimePoint> next;
  for (const auto& [key, until] : under_way_) next = std::min(next.value_or(until), until);
  return next;
}

bool BootQueue::contains(const InstanceKey& key) const {
  return std::find(waiting_.begin(), waiting_.end(), key) != waiting_.end();
}

}  // namespace dokku::server
