// FileTail: the last lines of a plain log file, and with `follow` those that come.
//
// For the proxy's access and error logs and those of our programs. The writer may move the file to
// FILE.1 and begin anew: no line is skipped or shown twice. Or it is copied there and cut
// (daemon_logs.h): a line that was written in that moment may be missed. The file's folder may be
// another user's: links are not followed. A last line without its newline waits for it.
// Not thread-safe; blocks on disk only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::server {

struct TailQuery {
  std::filesystem::path file;  // one that is not there (yet) has no lines
  std::size_t lines = 100;     // the last ones to begin with, also of FILE.1
  bool follow = false;
};

class FileTail {
 public:
  // unavailable: no more inotify instances.
  static Result<FileTail> open(const TailQuery& query);

  // Calls `on_line` for all lines that can be read now. False from it ends the call early; the next
  // call goes on after that line.
  Result<> read(const std::function<bool(std::string_view)>& on_line);
  // Readable when read() may find more. -1 without `follow`.
  int fd() const { return events_.get(); }

 private:
  explicit FileTail(const TailQuery& query) : query_(query) {}
  Result<> begin();
  Result<> watch();
  bool fill();
  bool moved() const;
  bool begin_again_if_cut();

  TailQuery query_;
  UniqueFd file_;
  UniqueFd events_;
  std::string buffer_;
};

}  // namespace dokku::server
