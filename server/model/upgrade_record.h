// UpgradeRecord: how the last change from one version of the programs to another stands.
//
// One small file in the state directory. dokku-supervise writes it before each deed of an upgrade
// (server/daemons/upgrade.h), so that whoever finds it after a crash can finish or undo; dokkud
// reads it at its start, and for `upgrade:status`. Versions are names of folders.
//
//   upgrading ──> done
//       └───────> undoing ──> undone, or failed (the old version does not serve either)
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/instance.h"

namespace dokku::server {

struct UpgradeRecord {
  enum class State { upgrading, undoing, done, undone, failed };
  State state = State::upgrading;
  bool rollback = false;  // `upgrade:rollback` asked for it
  std::string from;
  std::string to;
  std::string previous;  // what `upgrade:rollback` leads to; empty: nothing is kept
  WallTime begun{};      // its name, too: snapshots carry it
  WallTime ended{};
  std::string reason;  // why it was undone or failed

  // The one that the link leads to, or is about to.
  const std::string& wanted() const {
    return state == State::upgrading || state == State::done ? to : from;
  }
  bool under_way() const { return state == State::upgrading || state == State::undoing; }
  // An older program may take the database back to the schema that it knows.
  bool leads_back() const { return state == State::undoing || (under_way() && rollback); }

  friend bool operator==(const UpgradeRecord&, const UpgradeRecord&) = default;

  static std::filesystem::path file_of(const Instance& instance);
  // not_found: there never was an upgrade.
  static Result<UpgradeRecord> load(const Instance& instance);
  Result<> save(const Instance& instance) const;

  static Result<UpgradeRecord> parse(std::string_view text);
  std::string text() const;
};

// What dokkud says about an end that it saw coming; removed when it serves.
std::filesystem::path trouble_file(const Instance& instance);
// What the database's way back to an older schema cost, one line.
std::filesystem::path way_back_file(const Instance& instance);

// "done"
std::string_view name_of(UpgradeRecord::State state);
// "2026-11-21T05-44-07Z": a moment as part of a file's name, without fractions.
std::string stamp_of(WallTime time);

}  // namespace dokku::server
