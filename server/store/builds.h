// Builds: the history of deploys of each app, the failed ones too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/store/apps.h"

namespace dokku::server {

// running ──> succeeded | failed | canceled; running at the daemon's start ──> abandoned
enum class BuildStatus { running, succeeded, failed, canceled, abandoned };
std::string_view name_of(BuildStatus status);

struct Build {
  std::uint64_t number = 0;  // counts up per app, from 1; given by the store
  std::string kind;          // "build", "deploy"
  std::string source;        // "git-push", "ps:rebuild"
  BuildStatus status = BuildStatus::running;
  std::uint64_t release = 0;  // 0: none was made
  std::string error;          // the first line that the person saw
  WallTime started_at{};
  std::optional<WallTime> ended_at;
};

Result<std::uint64_t> add_build(WriteTx& tx, AppId app, const Build& build);
Result<> end_build(WriteTx& tx, AppId app, const Build& build);  // by its number
// Of all apps, to abandoned.
Result<int> abandon_running_builds(WriteTx& tx, WallTime now);
Result<std::vector<Build>> list_builds(const ReadTx& tx, AppId app, int count);  // newest first
Result<> prune_builds(WriteTx& tx, AppId app, int keep);

}  // namespace dokku::server
