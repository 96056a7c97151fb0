// JobPool: threads for commands. Made when there is work, ended when there was none for a while.
//
// Two of them in dokkud: one for short commands, one for what may take minutes (pushes, rebuilds),
// so that waiting pushes never stand in the way of `apps:list`.
// Threads: any may post.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace dokku::cli {

class JobPool {
 public:
  using Job = std::function<void()>;
  struct Limits {
    std::size_t threads_max = 8;
    std::size_t waiting_max = 256;
    Duration idle = std::chrono::seconds(10);
  };

  explicit JobPool(Limits limits) : limits_(limits) {}
  // Runs what was accepted, then joins.
  ~JobPool();

  // false: `waiting_max` jobs wait already, and nothing was done.
  bool post(Job job);
  // For what must not be lost (a hang-up): beyond the limit.
  void post_always(Job job);
  // Blocks until nothing runs or waits. false: it still did after `limit`.
  bool wait_until_idle(Duration limit);

 private:
  struct Worker {
    std::thread thread;
    bool ended = false;
  };

  void add(Job job, std::unique_lock<std::mutex>& lock);
  void work(Worker& self);
  void join_ended(std::unique_lock<std::mutex>& lock);

  Limits limits_;
  std::mutex mutex_;
  std::condition_variable work_there_;
  std::condition_variable work_done_;
  std::deque<Job> waiting_;
  std::list<Worker> workers_;
  std::size_t threads_ = 0;  // not ended
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace dokku::cli
