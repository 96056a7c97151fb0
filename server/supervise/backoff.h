// Backoff: how long a process that ended must wait before it is started again.
//
// 0.1 s, doubled at each end up to 60 s, and 0.1 s again after it has run for 60 s. A value without
// a clock. Used by supervision.cc.
#pragma once

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace dokku::server {

class Backoff {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(100);
  static constexpr Duration kMost = std::chrono::seconds(60);
  static constexpr Duration kLongEnough = std::chrono::seconds(60);

  // The process has ended after running for `ran`.
  Duration next(Duration ran) {
    if (ran >= kLongEnough) delay_ = kFirst;
    return std::exchange(delay_, std::min(delay_ * 2, kMost));
  }

 private:
  Duration delay_ = kFirst;
};

}  // namespace dokku::server
