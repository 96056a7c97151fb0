// LogReader: what an app's processes printed, merged by time; the last lines, then what follows.
//
// For `dokku logs APP [-t] [-n N] [-p TYPE]`: open, read, and with `follow` poll fd() and read
// again. No line is skipped or shown twice when a segment is rotated meanwhile. A line that its
// process has not ended yet is not shown before its end. Not thread-safe; blocks on disk only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace dokku::server {

struct LogLine {
  std::string time;     // "2026-11-21T02:22:57.123456789Z"
  std::string process;  // "web.1"
  char stream = 'o';    // 'o', 'e', or 's': said by the logger ("dropped 12 lines")
  std::string text;     // any bytes but a newline; at most kLogLineBytesMax, then it is split
};
inline constexpr std::size_t kLogLineBytesMax = 256 << 10;

struct LogQuery {
  std::filesystem::path app_dir;       // <logs>/<app>
  std::optional<std::string> process;  // a type ("web") or one process ("web.1"); none: all
  std::size_t lines = 100;             // the last ones to begin with
  bool per_process = false;            // `lines` of each process instead of in all
  bool follow = false;
  // Detached one-offs ("run.4711") are not among an app's processes, and the other way round.
  enum class Of { processes, runs };
  Of of = Of::processes;
};

class LogReader {
 public:
  // unavailable: no more inotify instances. An app without logs has no lines.
  static Result<LogReader> open(const LogQuery& query);
  LogReader(LogReader&&) noexcept;
  LogReader& operator=(LogReader&&) noexcept;
  ~LogReader();

  // Calls `on_line` for all that can be read now. False from it ends the call early; the next
  // call goes on after that line.
  Result<> read(const std::function<bool(const LogLine&)>& on_line);

  // Readable when read() may find more. -1 without `follow`.
  int fd() const;

 private:
  class Impl;
  explicit LogReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dokku::server
