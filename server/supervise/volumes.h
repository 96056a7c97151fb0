// Volumes: the folders of the host that containers see, made sure of before a start.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/containers.h"

namespace dokku::server {

// A relative source is a folder of `storage_dir`, which is made for the apps' user when it is not
// there. Any other source must be there. not_found says what to do. Returns absolute mounts.
Result<std::vector<runtime::Mount>> ensure_volumes(const std::vector<runtime::Mount>& mounts,
                                                   const std::filesystem::path& storage_dir);

// Makes `storage_dir`/`name` if need be, and gives it to this user. nullopt: its owner stays.
// conflict: it is no folder.
Result<> ensure_storage_folder(const std::filesystem::path& storage_dir, const std::string& name,
                               const std::optional<runtime::User>& owner);

}  // namespace dokku::server
