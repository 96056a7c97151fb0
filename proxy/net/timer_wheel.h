// TimerWheel: thousands of time limits that nearly never strike, at no cost per request.
//
// Slots of 100 ms. Moving a limit into the future only writes it down; the wheel looks again when
// the old slot comes round (lazy). A timer strikes up to 100 ms late, never early. The wheel knows
// no clock: time is passed in. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace dokku::proxy::net {

// Derive and implement on_timer. Its destructor takes it off the wheel.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual void on_timer() = 0;

 protected:
  virtual ~Timer() { unlink(); }

 private:
  friend class TimerWheel;
  void unlink();
  Timer* next_ = nullptr;
  Timer** back_ = nullptr;  // what points to us; nullptr: on no wheel
  std::int64_t tick_ = 0;   // when the wheel will look
  TimePoint due_{};
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kSlot{100};
  static constexpr std::size_t kSlots = 512;  // farther limits are looked at once a round

  explicit TimerWheel(TimePoint start) : start_(start) {}

  // From now on the timer's limit is `due`, whatever it was.
  void set(Timer& timer, TimePoint due);
  void clear(Timer& timer) { timer.unlink(); }
  // Calls on_timer of all that are due; they may set, clear and destroy any timer.
  void advance(TimePoint now);
  // When advance should be called next; nullopt: no timer is set.
  std::optional<TimePoint> next() const;

 private:
  std::int64_t tick_of(TimePoint when) const;  // rounded up
  void link(Timer& timer, std::int64_t tick);

  TimePoint start_;
  std::int64_t current_ = 0;  // last tick that was looked at
  std::array<Timer*, kSlots> slots_{};
};

}  // namespace dokku::proxy::net
