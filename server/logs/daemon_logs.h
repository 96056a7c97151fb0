// What our own programs print, where no journal takes it: one file per program, held small.
//
// A program has its file open for ever (as its standard error, in append mode, and its children
// too), so that a file that is too large is copied to FILE.1 and cut, not moved away.
// Threads: any; one at a time per folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::server {

struct DaemonLog {
  std::string program;  // "dokkud", "dokku-proxy", "containerd", "sshd"
  std::filesystem::path file;
};

inline constexpr std::uint64_t kDaemonLogBytesMax = 10ULL << 20;

// `<program>.log` of `folder`, and `more` beside them. In the order of names.
std::vector<DaemonLog> daemon_logs(const std::filesystem::path& folder,
                                   const std::vector<DaemonLog>& more);
// Cuts what is larger than `bytes_max`. FILE.1 gets the newest half of them. When there is no room
// for that (a full disk is when it matters), the file is cut all the same.
Result<> cut_daemon_log(const DaemonLog& log, std::uint64_t bytes_max = kDaemonLogBytesMax);

}  // namespace dokku::server
