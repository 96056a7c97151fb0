#include "server/setup_page/guesses.h"

#include <algorithm>

namespace dokku::server {

bool Guesses::too_many(const std::string& address, TimePoint now) const {
  const auto found = seen_.find(address);
  return found != seen_.end() && found->second.count >= kMax && now - found->second.since < kPeriod;
}

void Guesses::note(const std::string& address, TimePoint now) {
  Seen& seen = seen_[address];
  if (seen.count == 0 || now - seen.since >= kPeriod) seen = {now, 0};
  ++seen.count;
  if (seen_.size() <= kAddressesMax) return;
  const auto first = std::min_element(seen_.begin(), seen_.end(), [](const auto& a, const auto& b) {
    return a.second.since < b.second.since;
  });
  seen_.erase(first);
}

}  // namespace dokku::server
