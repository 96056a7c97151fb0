// FakeClock: time that a test moves by hand. Threads: any.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace dokku::testing {

class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Duration(passed_.load())) + kStart; }
  WallTime wall() const override {
    return WallTime(std::chrono::seconds(1'700'000'000)) +
           std::chrono::duration_cast<WallTime::duration>(Duration(passed_.load()));
  }
  void advance(Duration by) { passed_ += by.count(); }

 private:
  static constexpr Duration kStart = std::chrono::hours(1);
  std::atomic<Duration::rep> passed_{0};
};

}  // namespace dokku::testing
