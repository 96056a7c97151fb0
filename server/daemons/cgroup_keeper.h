// The process that keeps a delegated part of the cgroup tree in existence (dokku-apps.service).
//
// In cgroup v2 a group with processes of its own may not share out controllers to those below, so
// the keeper goes into a group beside the containers'. Called by `dokku-supervise --hold-cgroup`.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

inline constexpr const char* kKeeperGroup = "keeper";

// The path of the v2 group in the text of /proc/self/cgroup; empty: there is no v2 tree, and
// nothing to leave.
std::string unified_cgroup_of(std::string_view proc_self_cgroup);

// Moves process `pid` from `group` below `root` (/sys/fs/cgroup) into its group "keeper".
Result<> move_aside(const std::filesystem::path& root, const std::string& group, pid_t pid);

}  // namespace dokku::server
