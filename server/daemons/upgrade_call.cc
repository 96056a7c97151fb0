#include "server/daemons/upgrade_call.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include "base/io.h"
#include "server/daemons/program_ask.h"
#include "server/daemons/program_check.h"
#include "server/daemons/upgrade.h"
#include "server/daemons/upgrade_world.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kUnit = "dokku-upgrade.service";
constexpr Duration kUnitLimit = 180s;

Result<UniqueFd> lock(const Instance& instance) {
  UniqueFd lock = TRY(open_file(instance.run_dir / "upgrade.lock", O_RDWR | O_CREAT, 0600));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return fail(Errc::conflict, "Another upgrade is under way. See: dokku upgrade:status");
}

struct Wanted {
  std::string version;
  bool rollback = false;
};

class Deed {
 public:
  Deed(const UpgradeCall& call, VersionFolder versions, UniqueFd lock)
      : call_(call),
        place_{call.instance, call.daemon_logs_dir, call.config_file, std::move(versions)},
        lock_(std::move(lock)) {}

  static Result<Deed> begin(const UpgradeCall& call) {
    UniqueFd held = TRY(lock(call.instance));
    VersionFolder versions = TRY(VersionFolder::behind(call.instance.helpers_dir));
    return Deed(call, std::move(versions), std::move(held));
  }

  Result<UpgradeRecord> change_to(const Wanted& wanted) {
    TRY(settle_first());
    const std::string from = place_.versions.current();
    TRY(may_become(wanted, from));
    const KeptBy keeper = TRY(kept_by(place_));
    const std::unique_ptr<UpgradeWorld> world = upgrade_world(place_, keeper, call_.tell);
    UpgradeRecord record;
    record.rollback = wanted.rollback;
    record.from = from;
    record.to = wanted.version;
    record.begun = call_.clock.wall();
    if (const auto last = UpgradeRecord::load(call_.instance)) record.previous = last->previous;
    const Result<> checked = world->check(wanted.version);
    if (!checked) return refuse(std::move(record), checked.error());
    if (keeper == KeptBy::units) return hand_to_unit(record);
    return run(*world, std::move(record));
  }

  Result<UpgradeRecord> settle() {
    UpgradeRecord record = TRY(UpgradeRecord::load(call_.instance));
    if (!record.under_way()) return fail(Errc::not_found, "no upgrade is under way");
    const KeptBy keeper = TRY(kept_by(place_));
    return run(*upgrade_world(place_, keeper, call_.tell), std::move(record));
  }

 private:
  Result<> settle_first() {
    const auto last = UpgradeRecord::load(call_.instance);
    if (!last || !last->under_way()) return {};
    call_.tell("-----> The upgrade to " + last->to + " was cut off; settling that first");
    TRY(settle());
    return {};
  }

  Result<> may_become(const Wanted& wanted, const std::string& from) const {
    if (!place_.versions.has(wanted.version)) {
      return fail(Errc::not_found, "There is no version " + wanted.version + " in " +
                                       place_.versions.folder().string());
    }
    if (wanted.version == from) return fail(Errc::conflict, from + " runs already");
    const Result<VersionFacts> next = facts_of(place_.versions.path_of(wanted.version));
    const Result<VersionFacts> now = facts_of(place_.versions.path_of(from));
    // One that says nothing is found wanting below.
    if (!now || !next || next->schema >= now->schema || wanted.rollback) return {};
    return fail(Errc::conflict, wanted.version + " is older: it knows schema " +
                                    std::to_string(next->schema) + ", the database has " +
                                    std::to_string(now->schema) +
                                    "\nThe way back to the version before: dokku upgrade:rollback");
  }

  // Noted, so that `upgrade:status` tells it; nothing was touched.
  Result<UpgradeRecord> refuse(UpgradeRecord record, const Error& why) {
    record.state = UpgradeRecord::State::undone;
    record.reason = why.message() + " (found before anything was changed)";
    record.ended = call_.clock.wall();
    TRY(record.save(call_.instance));
    return record;
  }

  Result<UpgradeRecord> run(UpgradeWorld& world, UpgradeRecord record) {
    TRY(world.note(record));
    UpgradeRecord ended = TRY(Upgrade(world, call_.clock, {}).run(std::move(record)));
    if (ended.state == UpgradeRecord::State::done) {
      place_.versions.keep_only({ended.to, ended.from});
    }
    return ended;
  }

  // In a group of its own: it must outlive apt, a terminal, and dokkud.
  Result<UpgradeRecord> hand_to_unit(const UpgradeRecord& record) {
    TRY(place_.versions.prove(record.from));
    TRY(record.save(call_.instance));
    lock_.reset();
    call_.tell("-----> Changing from " + record.from + " to " + record.to);
    const Result<std::string> started = ask_program({.program = "/bin/systemctl",
                                                     .arguments = {"start", kUnit},
                                                     .environment = {"PATH=/usr/bin:/bin"},
                                                     .limit = kUnitLimit});
    const UpgradeRecord ended = TRY(UpgradeRecord::load(call_.instance));
    if (!ended.under_way()) return ended;
    return fail(Errc::timed_out,
                "The upgrade is still under way (" +
                    (started ? std::string("no answer") : started.error().message()) +
                    "). See: systemctl status " + kUnit);
  }

  const UpgradeCall& call_;
  UpgradePlace place_;
  UniqueFd lock_;
};

}  // namespace

Result<UpgradeRecord> UpgradeCall::to(std::string version) const {
  Deed deed = TRY(Deed::begin(*this));
  return deed.change_to({fs::path(version).filename().string(), false});
}

Result<UpgradeRecord> UpgradeCall::back() const {
  Deed deed = TRY(Deed::begin(*this));
  const auto last = UpgradeRecord::load(instance);
  if (!last || last->previous.empty()) {
    return fail(Errc::not_found, "There is no version to go back to: no upgrade was done yet");
  }
  return deed.change_to({last->previous, true});
}

Result<UpgradeRecord> UpgradeCall::settle() const {
  Deed deed = TRY(Deed::begin(*this));
  return deed.settle();
}

bool upgrade_was_left(const Instance& instance) {
  const auto last = UpgradeRecord::load(instance);
  return last && last->under_way() && lock(instance);
}

std::string outcome_of(const UpgradeRecord& record) {
  const std::string see = "\n !     See: dokku upgrade:status, dokku logs:platform dokkud\n";
  switch (record.state) {
    case UpgradeRecord::State::done:
      return (record.reason.empty() ? "" : "       " + record.reason + "\n") + "=====> " +
             record.to + " runs. The way back to " + record.from + ": dokku upgrade:rollback\n";
    case UpgradeRecord::State::undone:
      return " !     " + record.from + " runs as before, " + record.to +
             " does not: " + record.reason + see;
    case UpgradeRecord::State::failed:
      return " !     Neither version serves: " + record.reason + see;
    case UpgradeRecord::State::upgrading:
    case UpgradeRecord::State::undoing:
      break;
  }
  return " !     It is still under way" + see;
}

}  // namespace dokku::server
