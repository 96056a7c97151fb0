// Stacks of earlier recipes: folders beside the one in use that nobody needs any more.
//
// A stack folder is shared by instances, maybe of several versions. Whoever uses one holds a lock
// in it for its life; a folder that nobody holds and nobody has begun to use for a week goes.
// Images that were made from its layers have all they need in the container runtime.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::buildstep {

inline constexpr std::chrono::hours kStaleAfter{7 * 24};

// Held as long as the descriptor lives.
Result<UniqueFd> hold_stack(const std::filesystem::path& home);

// Removes the stale ones of `suite` in `dir`, never `keep`; returns their names.
std::vector<std::string> remove_stale_stacks(const std::filesystem::path& dir,
                                             const std::string& suite,
                                             const std::filesystem::path& keep, WallTime now);

}  // namespace dokku::buildstep
