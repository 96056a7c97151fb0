// Clock: time as a dependency, so that tests move it by hand.
//
// Two kinds: `now` never jumps and is for durations and deadlines; `wall` is what people read.
// Threads: any, for both implementations.
#pragma once

#include <chrono>
#include <memory>

namespace dokku {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallTime wall() const = 0;
};

// The machine's clock. Owned by main, outlives what it is passed to.
std::unique_ptr<Clock> system_clock();

}  // namespace dokku
