#include "server/daemons/upgrade.h"

#include <optional>
#include <utility>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using State = UpgradeRecord::State;

constexpr Duration kLookAgain = 50ms;
constexpr Duration kProbeAgain = 1s;

std::string seconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

const char* program_of(Part part) {
  switch (part) {
    case Part::dokkud:
      return "dokkud";
    case Part::proxy:
      return "dokku-proxy";
    case Part::supervisor:
      return "dokku-supervise";
  }
  return "";
}

Result<UpgradeRecord> Upgrade::run(UpgradeRecord record) {
  Result<> went;
  if (record.state == State::upgrading) {
    went = forward(record);
    if (went) {
      record.previous = record.from;
      TRY(end(record, State::done));
      return record;
    }
    record.state = State::undoing;
    record.reason = went.error().message();
    TRY(world_.note(record));
  }
  world_.tell(" !     " + record.reason);
  world_.tell("-----> Going back to " + record.from);
  const Result<> came_back = back(record);
  if (!came_back) {
    record.reason += "; and " + record.from + " is not back: " + came_back.error().message();
  }
  TRY(end(record, came_back ? State::undone : State::failed));
  return record;
}

Result<> Upgrade::end(UpgradeRecord& record, State state) {
  record.state = state;
  record.ended = clock_.wall();
  if (const std::string cost = world_.cost(); !cost.empty()) {
    record.reason += (record.reason.empty() ? "" : ". ") + cost;
  }
  return world_.note(record);
}

Result<> Upgrade::forward(const UpgradeRecord& record) {
  TRY(world_.lead_to(record.to));
  world_.tell("-----> Starting dokkud " + record.to);
  TRY(stop_dokkud(record.to));
  const pid_t dokkud = TRY(await_dokkud(record.to));
  world_.tell("-----> Handing the proxy's sockets to " + record.to);
  TRY(hand_over_proxy(record.to, false));
  world_.tell("-----> Watching both for " + seconds(limits_.trial));
  TRY(watch(record.to, dokkud));
  return replace_supervisor(record.to);
}

// The supervisor first: it is who starts the others.
Result<> Upgrade::back(const UpgradeRecord& record) {
  TRY(world_.lead_to(record.from));
  bring_supervisor_back(record);
  const UpgradeWorld::Sight there = world_.look(Part::dokkud);
  if (!there.runs || there.version != record.from) world_.kill(Part::dokkud);
  TRY(await_dokkud_again(record.from));
  return hand_over_proxy(record.from, true);
}

// --- dokkud

Result<> Upgrade::stop_dokkud(const std::string& version) {
  const UpgradeWorld::Sight old = world_.look(Part::dokkud);
  if (!old.runs || old.version == version) return {};
  stopped_ = old.pid;
  world_.ask_to_give_way(Part::dokkud);
  const TimePoint limit = clock_.now() + limits_.stop;
  while (clock_.now() < limit) {
    const UpgradeWorld::Sight now = world_.look(Part::dokkud);
    if (now.pid != old.pid || !now.runs) return {};
    world_.pause(kLookAgain);
  }
  world_.kill(Part::dokkud);
  return {};
}

// The first process that appears has to be the one: a version that needs a second try is not good.
Result<pid_t> Upgrade::await_dokkud(const std::string& version) {
  const TimePoint begun = clock_.now();
  pid_t first = 0;
  std::string why;
  while (clock_.now() - begun < limits_.answer) {
    const UpgradeWorld::Sight now = world_.look(Part::dokkud);
    const bool other = now.pid != 0 && now.pid != stopped_;
    if (other && first == 0) first = now.pid;
    if (first != 0 && (now.pid != first || !now.runs)) return ended(version, Part::dokkud, begun);
    if (other && now.version == version) {
      const Result<> probed = world_.probe(version, now.pid);
      if (probed) return now.pid;
      why = ": " + probed.error().message();
    }
    world_.pause(kLookAgain);
  }
  return fail(Errc::timed_out, "dokkud " + version + " did not pass its probe within " +
                                   seconds(limits_.answer) + why);
}

// Whatever is in the way of the old one.
Result<pid_t> Upgrade::await_dokkud_again(const std::string& version) {
  const TimePoint limit = clock_.now() + limits_.back;
  std::string why = "it was not started";
  while (clock_.now() < limit) {
    const UpgradeWorld::Sight now = world_.look(Part::dokkud);
    if (now.runs && now.version == version) {
      const Result<> probed = world_.probe(version, now.pid);
      if (probed) return now.pid;
      why = probed.error().message();
    } else if (now.runs && !now.version.empty()) {
      world_.kill(Part::dokkud);  // one that was being started while the link moved
    }
    world_.pause(kLookAgain);
  }
  return fail(Errc::timed_out, why);
}

Fail Upgrade::ended(const std::string& version, Part part, TimePoint begun) {
  const std::string words = world_.last_words(part);
  return fail(Errc::unavailable, std::string(program_of(part)) + " " + version + " ended " +
                                     seconds(clock_.now() - begun) + " after its start" +
                                     (words.empty() ? "" : ": " + words));
}

// --- the proxy

// `by_force`: rather a moment without a proxy than the wrong one.
Result<> Upgrade::hand_over_proxy(const std::string& version, bool by_force) {
  const UpgradeWorld::Sight old = world_.look(Part::proxy);
  if (old.runs && old.version != version) {
    const Result<> handed = world_.hand_over_proxy();
    if (!handed && !by_force) {
      return fail(handed.error().code(), "dokku-proxy " + version + " did not take over, the old " +
                                             "one serves on: " + handed.error().message());
    }
    if (!handed) world_.kill(Part::proxy);
  }
  const TimePoint begun = clock_.now();
  std::string why = "it was not started";
  while (clock_.now() - begun < limits_.noted) {
    const UpgradeWorld::Sight now = world_.look(Part::proxy);
    if (now.runs && now.version == version) {
      const Result<> probed = world_.probe_proxy();
      if (probed) return {};
      why = probed.error().message();
    }
    world_.pause(kLookAgain);
  }
  return fail(Errc::timed_out, "dokku-proxy " + version + " does not serve: " + why);
}

// --- both

Result<> Upgrade::watch(const std::string& version, pid_t dokkud) {
  const TimePoint begun = clock_.now();
  const pid_t proxy = world_.look(Part::proxy).pid;
  TimePoint asked = begun;
  while (clock_.now() - begun < limits_.trial) {
    const UpgradeWorld::Sight now = world_.look(Part::dokkud);
    if (now.pid != dokkud || !now.runs) return ended(version, Part::dokkud, begun);
    const UpgradeWorld::Sight before = world_.look(Part::proxy);
    if (before.pid != proxy || !before.runs) return ended(version, Part::proxy, begun);
    if (clock_.now() - asked >= kProbeAgain) {
      asked = clock_.now();
      TRY(world_.probe(version, dokkud));
      TRY(world_.probe_proxy());
    }
    world_.pause(kLookAgain);
  }
  return {};
}

// --- the supervisor

// It executes the other program in its own place, and minds the same daemons on.
Result<> Upgrade::replace_supervisor(const std::string& version) {
  if (!world_.has(Part::supervisor)) return {};
  const UpgradeWorld::Sight old = world_.look(Part::supervisor);
  world_.tell("-----> Starting dokku-supervise " + version);
  if (old.version != version) world_.ask_to_give_way(Part::supervisor);
  const TimePoint begun = clock_.now();
  std::optional<TimePoint> good;
  while (!good || clock_.now() - *good < limits_.settled) {
    const UpgradeWorld::Sight now = world_.look(Part::supervisor);
    if (!now.runs) return ended(version, Part::supervisor, begun);
    if (now.version == version && world_.probe_supervisor()) {
      if (!good) good = clock_.now();
    } else if (clock_.now() - begun > limits_.exec) {
      return fail(Errc::timed_out, "dokku-supervise " + version + " does not mind the daemons");
    } else {
      good.reset();  // in the middle of the exec it is the new one, and has the lock of the old one
    }
    world_.pause(kLookAgain);
  }
  return {};
}

// Its daemons run on meanwhile. One that is neither the new one nor gone was not replaced yet.
void Upgrade::bring_supervisor_back(const UpgradeRecord& record) {
  if (!world_.has(Part::supervisor)) return;
  const UpgradeWorld::Sight there = world_.look(Part::supervisor);
  if (there.runs && there.version != record.to) return;
  // Not asked: that would take the word of one that was just found wanting.
  if (there.runs) world_.kill(Part::supervisor);
  const TimePoint limit = clock_.now() + limits_.exec;
  while (world_.look(Part::supervisor).runs && clock_.now() < limit) world_.pause(kLookAgain);
  if (const Result<> started = world_.start_supervisor(); !started) {
    world_.tell(" !     dokku-supervise: " + started.error().message());
  }
}

}  // namespace dokku::server
