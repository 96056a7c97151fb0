// The files that dokku-log writes: names, records, upkeep. Format: docs/formats.md, "App logs".
//
// <logs>/<app>/<process>/<start>-<container>.<sequence>.log. One container writes one chain of
// segments; the chains of one process overlap in time while a deploy replaces a container.
// Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::server {

struct Segment {
  std::filesystem::path dir;
  std::string chain;      // "<start>-<container>", unique within the folder
  unsigned sequence = 0;  // counts up from 1
  std::filesystem::path path() const;
};

// nullopt: not a segment's name.
std::optional<Segment> parse_segment_name(const std::filesystem::path& dir, std::string_view name);
// In no order. A folder that is not there has none.
std::vector<Segment> list_segments(const std::filesystem::path& process_dir);

// One line of a segment, without its newline.
struct Record {
  std::string_view time;  // RFC 3339 with nanoseconds and 'Z': sorts as text
  char stream = 'o';      // 'o', 'e', or 's': a mark of the logger's own
  bool whole = true;      // false: the line goes on in the next record of this stream
  std::string_view text;
};
inline constexpr std::size_t kRecordHeadBytes = 35;
// nullopt: torn or foreign.
std::optional<Record> parse_record(std::string_view line);

// Everything that an app's processes ever wrote. Running loggers go on into the void.
Result<> remove_logs(const std::filesystem::path& app_dir);

// Unlinks the longest unwritten segments below `logs_dir` until all together are at most
// `bytes_max`; what a logger is writing to stays. Returns the bytes freed.
Result<std::uint64_t> trim_logs(const std::filesystem::path& logs_dir, std::uint64_t bytes_max);

}  // namespace dokku::server
