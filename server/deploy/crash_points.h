// CrashPoints: the places where a test may kill the daemon, by name.
//
// `dokkud --list-crash-points` prints the names, `dokkud --crash-at NAME[:N]` sends SIGKILL to
// itself when that place is reached for the N-th time (1); `--crash-at @FILE` takes the place from
// a file that a test writes while the daemon runs, and counts anew when it changes. One lies behind
// every write to the store, to containerd, to the network, to the proxy and to files that outlive
// a command; a test (tests/system/harness/crash.py) kills the daemon at each and looks at what is
// left.
// Passed in like any other part; in production nothing is armed. Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace dokku::server {

class CrashPoints {
 public:
  CrashPoints() = default;  // nothing armed
  // "NAME" or "NAME:N". invalid_argument: no such name or number.
  Result<> arm(std::string_view at);
  // What the file says at each place; empty or missing: nowhere.
  void arm_from(std::string file) { file_ = std::move(file); }
  // Writes each place that is reached, "NAME:N", to this descriptor: how a test learns which there
  // are on a path.
  void trace_to(int fd) { trace_fd_ = fd; }
  // CHECKs that `name` is in the list.
  void reached(std::string_view name);

  static const std::vector<std::string_view>& names();

 private:
  void look_into_file();  // needs mutex_

  std::mutex mutex_;
  std::string file_;
  std::string file_said_;
  std::string armed_;
  unsigned armed_count_ = 0;
  int trace_fd_ = -1;
  std::map<std::string, unsigned, std::less<>> counts_;
};

}  // namespace dokku::server
