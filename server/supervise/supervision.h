// Supervision: wanted against actual, as a state machine without threads, containers or sleep.
//
// LocalExecutor feeds it with what it learns (a launch succeeded, a container changed, time passed)
// and carries out the actions that it asks for; tests do the same with a clock moved by hand.
// One action per instance is under way at a time, so actions of one container never overtake.
//
//              ┌───────────────── back-off over ─────────────────┐
//   unknown ─> waiting ─> launching ─> checking ─> ready ─> (ends) waiting
//      │           │          │            │         │
//      └─ adopted ─┼──────────┼──> checking│         │     clearing: not ready in time, is killed,
//                  │          └────────────┴─────────┴──>  then waiting
//                  └──> removing <── ending (SIGTERM, grace) <── not wanted any more
//
// Threads: none of its own; the caller locks.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/api/containers.h"
#include "server/supervise/backoff.h"
#include "server/supervise/boot_queue.h"
#include "server/supervise/executor.h"
#include "server/supervise/instance_id.h"
#include "server/supervise/listening.h"

namespace dokku::server {

class Supervision {
 public:
  // A process without a port is taken for ready when it has run this long.
  static constexpr Duration kRunsLongEnough = std::chrono::seconds(1);
  // Listening in the wrong place for this long is taken for final.
  static constexpr Duration kLoopbackPatience = std::chrono::seconds(3);
  static constexpr Duration kOtherPortPatience = std::chrono::seconds(10);
  // A failure after this much running is not counted together with those before it.
  static constexpr Duration kRanWell = std::chrono::seconds(10);
  // Before the runtime is asked again after it was away.
  static constexpr Duration kAwayPause = std::chrono::milliseconds(500);

  // To be carried out and answered by the member of the same name. `probe` must be answered before
  // the next tick, the others whenever they are done.
  struct Action {
    enum class Kind { launch, look, terminate, remove, probe };
    Kind kind = Kind::look;
    InstanceKey key;
    std::shared_ptr<const ReleaseWanted> release;  // launch
    pid_t pid = 0;                                 // probe
  };
  struct Launched {
    pid_t pid = 0;
    std::string address;
  };
  // A container of an instance as the runtime lists it, with its network endpoint.
  struct Found {
    InstanceKey key;
    bool running = false;
    pid_t pid = 0;
    std::string address;  // empty: none
  };

  // At a first list that finds nothing running (a reboot), so many are started at once.
  static constexpr std::size_t kBootAtOnce = 4;

  explicit Supervision(const Clock& clock, std::size_t boot_at_once = kBootAtOnce)
      : clock_(clock), boot_(boot_at_once) {}

  void want(const ReleaseWanted& wanted);
  void forget(const std::string& app, std::uint64_t release);
  // Without grace.
  void erase(const std::string& app);
  void retry_now(const std::string& app);

  void launched(const InstanceKey& key, const Result<Launched>& result);
  void looked(const InstanceKey& key, const Result<runtime::Seen>& result);
  void terminated(const InstanceKey& key, const Result<>& result);
  void removed(const InstanceKey& key, const Result<>& result);
  void probed(const InstanceKey& key, const Listening& listening);
  // Something happened to its container.
  void disturbed(const InstanceKey& key);
  // All there is. Until the first call nothing is launched; that one ends what runs and nobody
  // wants, and returns those that do not run, for the caller to remove. Strangers, which run beside
  // what is wanted of their app, may still be what the routes lead to: they serve on until
  // end_strangers.
  std::vector<InstanceKey> listed(const std::vector<Found>& found);
  void end_strangers(const std::string& app);
  // Does what is due.
  void tick();
  // How many the first list found missing, and whether all of those have had their turn.
  std::size_t missing_at_first() const { return missing_at_first_; }
  bool booted() const { return listed_once_ && boot_.empty(); }

  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }
  std::vector<InstanceSeen> take_changes() { return std::exchange(changes_, {}); }
  std::optional<TimePoint> next_timer() const;
  std::vector<InstanceSeen> seen(const std::string& app) const;
  // An instance of it exists in some state. Release 0: any of the app.
  bool has(const std::string& app, std::uint64_t release) const;
  // The release as wanted, of an instance that runs.
  std::shared_ptr<const ReleaseWanted> release_of(const InstanceKey& key) const;

 private:
  enum class Life { unknown, waiting, launching, checking, ready, clearing, ending, removing };
  struct Instance {
    InstanceKey key;
    std::shared_ptr<const ReleaseWanted> release;
    ProcessWanted process;
    Life life = Life::unknown;
    bool wanted = true;
    bool at_once = false;                        // not wanted, and without grace
    bool stranger = false;                       // not wanted, and serves until it is told to end
    std::shared_ptr<const ReleaseWanted> again;  // wanted anew while it was on its way out
    bool busy = false;
    bool held = false;  // waits for its turn after a reboot
    TimePoint due{};
    std::optional<TimePoint> look_at;
    TimePoint started{};
    TimePoint odd_since{};  // listens in the wrong place; zero: does not
    pid_t pid = 0;
    std::string address;
    Backoff backoff;
    unsigned restarts = 0;
    unsigned failures_in_row = 0;
    bool gave_up = false;
    std::optional<InstanceFailure> failure;
    WallTime since{};
  };

  void want_instance(const InstanceKey& key, const std::shared_ptr<const ReleaseWanted>& release,
                     const ProcessWanted& process);
  void advance(Instance& instance);
  void become(Instance& instance, Life life, TimePoint due);
  void ask(Instance& instance, Action::Kind kind);
  void ended(Instance& instance, const runtime::Exit& exit);
  bool may_restart(Instance& instance, const runtime::Exit& exit) const;
  void adopt_or_launch(Instance& instance, const Found* found);
  void leave_down();
  void queue_missing();
  void release_held(Instance& instance);
  void take_stranger(const Found& found);
  void begin_end(Instance& instance);
  void check_listening(Instance& instance, const Listening& listening);
  void gone(const InstanceKey& key);
  InstanceSeen view(const Instance& instance) const;
  Instance* find(const InstanceKey& key);
  template <class F>
  void each_of(const std::string& app, F&& f);

  const Clock& clock_;
  bool listed_once_ = false;
  BootQueue boot_;
  std::vector<InstanceKey> wanted_first_;  // before the first list, in their order
  std::size_t missing_at_first_ = 0;
  std::map<InstanceKey, Instance> instances_;
  std::vector<Action> actions_;
  std::vector<InstanceSeen> changes_;
};

}  // namespace dokku::server
