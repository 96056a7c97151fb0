// Keeping: what a supervisor does with one daemon, as a state machine without processes or clock.
//
//               ┌──────────── back-off over ─────────────┐
//   waiting ────┴─> starting ──> ready ──> (ends) ──> waiting
//                      │           └── silent too long ──> killing ──> (ends) waiting
//                      └── not ready in time ────────────> killing
//   any ── stop ──> stopping (SIGTERM, grace) ──> killing ──> (ends) stopped
//
// Keeper (keeper.h) carries out what is due and says what became of it; tests do the same with
// times that they choose. Threads: none of its own.
#pragma once

#include <optional>

#include "base/clock.h"
#include "server/supervise/backoff.h"

namespace dokku::server {

class Keeping {
 public:
  enum class State { waiting, starting, ready, stopping, killing, stopped };
  enum class Deed { start, ask, terminate, kill };
  struct Limits {
    Duration ready = std::chrono::seconds(60);    // from its start until it answers
    Duration silence = std::chrono::seconds(30);  // of a ready one; zero: never mind
    Duration grace = std::chrono::seconds(40);    // from SIGTERM to SIGKILL
    Duration pause = std::chrono::seconds(10);    // between two questions to a ready one
  };
  // Between two questions to one that starts.
  static constexpr Duration kAskStarting = std::chrono::milliseconds(30);

  Keeping(Limits limits, TimePoint now) : limits_(limits), due_(now) {}

  // What is to be done now, each thing once: the answers below bring the next.
  std::optional<Deed> due(TimePoint now);
  // When `due` should be called again; nullopt: after the next answer.
  std::optional<TimePoint> next() const;

  void started(TimePoint now);
  void adopted(TimePoint now);  // it ran already
  void answered(TimePoint now, bool yes);
  void ended(TimePoint now);  // or did not start at all
  void stop(TimePoint now);
  // Its program is another one than that which ended: how that fared no longer counts.
  void replaced(TimePoint now);

  State state() const { return state_; }
  // It was ready once, or has ended before: those that come after it need not wait any longer.
  bool tried() const { return tried_; }
  // Deed::kill is for this: it answered nothing, or was not ready in time.
  bool hangs() const { return hangs_; }

 private:
  void kill(bool hangs);

  Limits limits_;
  State state_ = State::waiting;
  Backoff backoff_;
  TimePoint due_;
  TimePoint begun_{};
  TimePoint heard_{};
  bool asking_ = false;
  bool kill_due_ = false;
  bool terminate_due_ = false;
  bool stopping_ = false;
  bool tried_ = false;
  bool hangs_ = false;
};

}  // namespace dokku::server
