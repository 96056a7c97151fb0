// How much one process of an app may have logged: the file `limits` of the app's folder, which
// dokku-log reads whenever it begins a segment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

inline constexpr std::uint64_t kLogsUnlimited = 0;

// "10m", "2g"; "unlimited". Nothing: no size.
std::optional<std::uint64_t> parse_log_size(std::string_view text);

// Bytes of one segment, of which three are kept; nothing: the logger's default.
Result<> write_log_limits(const std::filesystem::path& app_dir,
                          const std::optional<std::uint64_t>& segment_bytes);

}  // namespace dokku::server
