// Packs an app's repository, and cuts its history to the commits that its refs name.
//
// What was deployed is kept with its release, so that the history here serves only who clones from
// the server; it grows with every push of changed data, for ever. A repository that was cut is a
// shallow one (git-clone(1), --depth): pushes go on as before.
// Whoever pushes or fetches holds a shared lock on the repository's folder (git_lock below).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::server {

// As git gc does, with history and all. Returns the bytes that went, errors as below.
Result<std::uint64_t> pack_repository(const std::filesystem::path& path);

// Returns the bytes that went. conflict: somebody pushes or fetches now. Blocks for seconds.
Result<std::uint64_t> cut_history(const std::filesystem::path& path);

// `argv` under the shared lock, in the same process; as it is where there is no flock(1).
std::vector<std::string> git_lock(const std::filesystem::path& repository,
                                  std::vector<std::string> argv);

}  // namespace dokku::server
