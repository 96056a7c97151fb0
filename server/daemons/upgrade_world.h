// UpgradeWorld on a real machine: daemons kept by dokku-supervise or by systemd's units.
//
// Both start what the link leads to again when a daemon ends, so all that is done here is to move
// the link, send signals, and look. Used by the program dokku-supervise. Threads: one.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/daemons/upgrade.h"
#include "server/daemons/version_folder.h"
#include "server/model/instance.h"

namespace dokku::server {

struct UpgradePlace {
  const Instance& instance;
  std::filesystem::path daemon_logs_dir;
  std::filesystem::path config_file;
  VersionFolder versions;
};

// Who starts a daemon that has ended: dokku-supervise, or systemd. conflict: nobody, with what to
// type.
enum class KeptBy { supervisor, units };
Result<KeptBy> kept_by(const UpgradePlace& place);

// `tell`: a line for whoever waits.
std::unique_ptr<UpgradeWorld> upgrade_world(const UpgradePlace& place, KeptBy keeper,
                                            std::function<void(const std::string&)> tell);

}  // namespace dokku::server
