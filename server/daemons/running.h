// Running: a process that is minded without having to be our child, and the file that notes it.
//
// The file holds "PID START-TIME" (field 22 of /proc/PID/stat), as packaging/instance and the proxy
// write it too: a number that was given away again is not taken for the daemon. A supervisor that
// was killed finds its daemons by it. Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::server {

class Running {
 public:
  // not_found: there is no such process.
  static Result<Running> of(pid_t pid);
  // not_found: no file, or what it notes has ended.
  static Result<Running> noted_in(const std::filesystem::path& file);
  Result<> note_in(const std::filesystem::path& file) const;

  pid_t pid() const { return pid_; }
  // Readable when it has ended.
  int fd() const { return pidfd_.get(); }
  // Also true of a zombie whose parent has not looked yet.
  bool has_ended() const;
  Result<> signal(int number) const;

 private:
  Running(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  pid_t pid_;
  UniqueFd pidfd_;
};

}  // namespace dokku::server
