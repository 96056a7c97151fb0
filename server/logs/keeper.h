// LogKeeper: holds the logs of all apps together under the server's budget, and those of our own
// programs small.
//
// Looks once a minute; of the apps' what was not written to for longest goes first.
// A thread of its own, ended by the destructor.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "server/logs/daemon_logs.h"

namespace dokku::server {

class LogKeeper {
 public:
  // `budget`: the bytes that all may have; called from the thread. 0: no limit. `own`: the files of
  // our programs, called likewise.
  LogKeeper(std::filesystem::path logs_dir, std::function<std::uint64_t()> budget,
            Duration period = std::chrono::minutes(1),
            std::function<std::vector<DaemonLog>()> own = {});
  ~LogKeeper();
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

 private:
  void keep();

  std::filesystem::path logs_dir_;
  std::function<std::uint64_t()> budget_;
  Duration period_;
  std::function<std::vector<DaemonLog>()> own_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dokku::server
