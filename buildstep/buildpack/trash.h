// Removes directories behind everybody's back.
//
// Unlinking 200 MB that were just written waits for the disk, up to seconds; nobody needs to wait
// with it. One thread; the destructor waits until all is gone. What a killed process left in the
// directory is removed by the next one's `sweep`.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

namespace dokku::buildstep {

class Trash {
 public:
  // `directory` is made when first needed, on the file system of what is thrown away.
  explicit Trash(std::filesystem::path directory);
  ~Trash();
  Trash(const Trash&) = delete;
  Trash& operator=(const Trash&) = delete;

  // `path` is gone when this returns: moved aside, or removed here and now if that fails.
  void take(const std::filesystem::path& path);
  void sweep();

 private:
  void enqueue(std::filesystem::path path);
  void work();

  std::filesystem::path directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::filesystem::path> waiting_;
  unsigned long number_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace dokku::buildstep
