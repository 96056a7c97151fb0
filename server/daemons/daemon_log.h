// Where a daemon's output goes when no journal takes it: a file, and the one before it.
//
// The daemon appends to the file as long as it lives, so it is never renamed: what is too much is
// copied to FILE.1 and cut away. A line that is written in that moment may be lost.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::server {

inline constexpr std::uint64_t kDaemonLogBytesMax = 10ULL << 20;

Result<UniqueFd> open_daemon_log(const std::filesystem::path& file);
// Cheap while the file is small. A failure is only logged.
void trim_daemon_log(const std::filesystem::path& file,
                     std::uint64_t bytes_max = kDaemonLogBytesMax);

}  // namespace dokku::server
