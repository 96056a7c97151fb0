// LogFiles: the access and error logs on disk, written by the parent alone: workers send it lines.
//
// FOLDER/<app>-access.log and FOLDER/<app>-error.log, or one file for everybody's requests. A file
// that grows too large becomes FILE.1, that one FILE.2, and so on; the oldest goes. A file that was
// moved or removed by others (an app's end, logrotate) is made anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::proxy::process {

struct LogLimits {
  std::uint64_t file_bytes_max = 10 << 20;
  unsigned old_files = 2;           // kept besides the one that is written
  std::size_t open_files_max = 64;  // at a time
};

class LogFiles {
 public:
  // `folder`: a file per app; `file`: one for all, access only. Both empty: nothing is written.
  LogFiles(std::filesystem::path folder, std::filesystem::path file, LogLimits limits = {})
      : folder_(std::move(folder)), file_(std::move(file)), limits_(limits) {}

  bool on() const { return !folder_.empty() || !file_.empty(); }
  // Whole lines. Trouble with a file is logged once, and again after it went well.
  void append(const std::string& app, bool error, std::string_view lines);
  void reopen() { open_.clear(); }

  // What an app's file is called; letters that may not stand in a file's name become '_'.
  static std::string name_of(std::string_view app, bool error);

 private:
  struct File {
    UniqueFd fd;
    std::uint64_t size = 0;
  };
  Result<> write(const std::filesystem::path& path, std::string_view lines);
  Result<File*> opened(const std::filesystem::path& path);
  void rotate(const std::filesystem::path& path) const;

  std::filesystem::path folder_;
  std::filesystem::path file_;
  LogLimits limits_;
  std::map<std::string, File> open_;  // by path
  bool in_trouble_ = false;
};

}  // namespace dokku::proxy::process
