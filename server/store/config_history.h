// The history of config: who made which version, and which keys it touched.
//
// Of each owner the newest kConfigStepsKept versions stay, and those that a kept release was made
// with. Older values are forgotten, so a secret that was unset does not stay for ever.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/store/apps.h"

namespace dokku::server {

inline constexpr std::uint64_t kConfigStepsKept = 100;

// The change that led to `version`.
struct ConfigStep {
  std::uint64_t version = 0;
  WallTime at{};
  std::string who;
  std::string command;             // "config:set"
  std::vector<std::string> set;    // keys, sorted
  std::vector<std::string> unset;  // keys, sorted
};

// In the transaction of the change. Forgets what is too old. `set` and `unset` are not looked at.
Result<> record_config_step(WriteTx& tx, AppId app, const ConfigStep& step);
Result<std::vector<ConfigStep>> config_history(const ReadTx& tx, AppId app);  // newest first
// `version` again, when its values are still known. invalid_argument: they are not, or never were.
Result<std::uint64_t> kept_config_version(const ReadTx& tx, AppId app, std::uint64_t version);

}  // namespace dokku::server
