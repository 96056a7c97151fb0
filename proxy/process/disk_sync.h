// DiskSync: brings a file that has just been replaced to the disk, in a thread of its own.
//
// A change of routes is acknowledged when it is served and would survive the death of the proxy; a
// busy disk, which can take a tenth of a second, holds nobody up. Used by Snapshot.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace dokku::proxy::process {

class DiskSync {
 public:
  explicit DiskSync(std::filesystem::path file);
  // What was asked for has been done then, or the log says why not.
  ~DiskSync();
  DiskSync(const DiskSync&) = delete;
  DiskSync& operator=(const DiskSync&) = delete;

  // The file as it is now, and its name. Returns at once; what is asked for while the thread is at
  // work is done once, after that.
  void ask();

 private:
  void run();

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace dokku::proxy::process
