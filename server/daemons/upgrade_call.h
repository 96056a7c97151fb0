// UpgradeCall: what `dokku-supervise --upgrade`, `--rollback` and `--settle` do.
//
// One at a time per instance (run/upgrade.lock; the kernel lets go of it when we die). Where units
// keep the daemons, the deed itself is that of dokku-upgrade.service, which is started again when
// it is killed; elsewhere dokku-supervise does that.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/instance.h"
#include "server/model/upgrade_record.h"

namespace dokku::server {

struct UpgradeCall {
  const Instance& instance;
  std::filesystem::path daemon_logs_dir;
  std::filesystem::path config_file;
  const Clock& clock;
  std::function<void(const std::string& line)> tell;

  // To another version of the folder; its name, or the path of its folder. not_found, conflict,
  // unavailable: nothing was changed. The record else, done or not.
  Result<UpgradeRecord> to(std::string version) const;
  // To the one before. not_found: none is kept.
  Result<UpgradeRecord> back() const;
  // Finishes or undoes one whose process was killed. not_found: there is none. conflict: somebody
  // is at it.
  Result<UpgradeRecord> settle() const;
};

// An upgrade is under way, and nobody is at it.
bool upgrade_was_left(const Instance& instance);

// What is printed at the end.
std::string outcome_of(const UpgradeRecord& record);

}  // namespace dokku::server
