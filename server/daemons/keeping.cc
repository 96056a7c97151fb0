#include "server/daemons/keeping.h"

#include <algorithm>
#include <utility>

namespace dokku::server {

std::optional<Keeping::Deed> Keeping::due(TimePoint now) {
  if (std::exchange(terminate_due_, false)) return Deed::terminate;
  if (state_ == State::stopping && now >= due_) kill(false);
  const bool late = state_ == State::starting && now - begun_ >= limits_.ready;
  const bool silent = state_ == State::ready && limits_.silence != Duration::zero() &&
                      now - heard_ >= limits_.silence;
  if (late || silent) kill(true);
  if (std::exchange(kill_due_, false)) return Deed::kill;
  if (state_ == State::waiting && now >= due_) return Deed::start;
  const bool runs = state_ == State::starting || state_ == State::ready;
  if (!runs || asking_ || now < due_) return std::nullopt;
  asking_ = true;
  return Deed::ask;
}

std::optional<TimePoint> Keeping::next() const {
  switch (state_) {
    case State::waiting:
    case State::stopping:
      return due_;
    case State::starting:
      return asking_ ? begun_ + limits_.ready : std::min(due_, begun_ + limits_.ready);
    case State::ready:
      if (!asking_) return due_;
      if (limits_.silence == Duration::zero()) return std::nullopt;
      return heard_ + limits_.silence;
    case State::killing:
    case State::stopped:
      return std::nullopt;
  }
  return std::nullopt;
}

void Keeping::started(TimePoint now) {
  state_ = State::starting;
  begun_ = heard_ = due_ = now;
  hangs_ = asking_ = false;
}

void Keeping::adopted(TimePoint now) { started(now); }

void Keeping::answered(TimePoint now, bool yes) {
  asking_ = false;
  if (state_ != State::starting && state_ != State::ready) return;
  if (yes) {
    state_ = State::ready;
    heard_ = now;
    tried_ = true;
  }
  // One that was ready and is silent is asked again soon: it may only be very busy.
  due_ = now + (yes ? limits_.pause : kAskStarting);
}

void Keeping::ended(TimePoint now) {
  // A start that failed has not run at all.
  const bool ran = state_ != State::waiting;
  tried_ = true;
  asking_ = kill_due_ = terminate_due_ = false;
  if (stopping_) {
    state_ = State::stopped;
    return;
  }
  state_ = State::waiting;
  due_ = now + backoff_.next(ran ? now - begun_ : Duration::zero());
}

void Keeping::replaced(TimePoint now) {
  backoff_ = Backoff();
  if (state_ == State::waiting) due_ = now;
}

void Keeping::stop(TimePoint now) {
  if (stopping_) return;
  stopping_ = true;
  if (state_ == State::waiting) state_ = State::stopped;
  if (state_ == State::stopped || state_ == State::killing) return;
  state_ = State::stopping;
  terminate_due_ = true;
  due_ = now + limits_.grace;
}

void Keeping::kill(bool hangs) {
  state_ = State::killing;
  kill_due_ = true;
  hangs_ = hangs;
}

}  // namespace dokku::server
