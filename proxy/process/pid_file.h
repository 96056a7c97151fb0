// PidFile: tells whoever started the proxy which process is its parent now, also after an upgrade.
//
// Opened while we may still write there; kept open, and passed on to the program that takes over.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::proxy::process {

class PidFile {
 public:
  PidFile() = default;
  explicit PidFile(UniqueFd file) : file_(std::move(file)) {}
  // An empty path: none.
  static Result<PidFile> open(const std::filesystem::path& path);

  // "PID START-TIME": the time (field 22 of /proc/PID/stat) tells a number that was given away
  // again. Failing is only logged.
  void write() const;
  int fd() const { return file_.get(); }

 private:
  UniqueFd file_;
};

}  // namespace dokku::proxy::process
