#include "proxy/net/timer_wheel.h"

#include <algorithm>

namespace dokku::proxy::net {

void Timer::unlink() {
  if (back_ == nullptr) return;
  *back_ = next_;
  if (next_ != nullptr) next_->back_ = back_;
  next_ = nullptr;
  back_ = nullptr;
}

std::int64_t TimerWheel::tick_of(TimePoint when) const {
  const auto since = when - start_;
  return (since + Duration(kSlot) - Duration(1)) / Duration(kSlot);
}

void TimerWheel::link(Timer& timer, std::int64_t tick) {
  const std::int64_t farthest = current_ + static_cast<std::int64_t>(kSlots) - 1;
  timer.tick_ = std::clamp(tick, current_ + 1, farthest);
  Timer*& slot = slots_[static_cast<std::size_t>(timer.tick_) % kSlots];
  timer.next_ = slot;
  timer.back_ = &slot;
  if (slot != nullptr) slot->back_ = &timer.next_;
  slot = &timer;
}

void TimerWheel::set(Timer& timer, TimePoint due) {
  timer.due_ = due;
  const std::int64_t tick = tick_of(due);
  if (timer.back_ != nullptr && timer.tick_ <= tick) return;
  timer.unlink();
  link(timer, tick);
}

void TimerWheel::advance(TimePoint now) {
  const std::int64_t last = (now - start_) / Duration(kSlot);
  // After a long sleep one round is enough to see every slot.
  current_ = std::max(current_, last - static_cast<std::int64_t>(kSlots));
  while (current_ < last) {
    ++current_;
    Timer*& slot = slots_[static_cast<std::size_t>(current_) % kSlots];
    Timer* struck = slot;
    slot = nullptr;
    if (struck != nullptr) struck->back_ = &struck;
    while (struck != nullptr) {
      Timer& timer = *struck;
      timer.unlink();
      if (timer.due_ <= now) {
        timer.on_timer();
      } else {
        link(timer, tick_of(timer.due_));
      }
    }
  }
}

std::optional<TimePoint> TimerWheel::next() const {
  for (std::size_t ahead = 1; ahead <= kSlots; ++ahead) {
    const std::int64_t tick = current_ + static_cast<std::int64_t>(ahead);
    if (slots_[static_cast<std::size_t>(tick) % kSlots] != nullptr) return start_ + tick * kSlot;
  }
  return std::nullopt;
}

}  // namespace dokku::proxy::net
