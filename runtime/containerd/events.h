// Events: one subscription to what happens to containers, for everybody who waits.
//
// containerd replays nothing, so an event is a hint to look again: each time the subscription is
// (re)established, watchers get a relist and all waiters wake. That it *is* established only an
// event can tell (the server answers nothing before); we publish one of our own and wait for it.
// Internal to this folder. Threads: any; one thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/api/containers.h"
#include "runtime/containerd/channel.h"
#include "runtime/containerd/tasks.h"

namespace dokku::runtime {

class Events {
 public:
  // `out_of_memory(id)` is asked when a container's init has ended.
  Events(const Channel& channel, std::function<bool(const std::string&)> out_of_memory);
  ~Events();

  // The callback must not block for long: it holds up every other one.
  std::unique_ptr<Watch> watch(std::function<void(const Change&)> on_change);
  // Whether an event has told so since the container's start.
  bool saw_out_of_memory(const std::string& id);
  void forget(const std::string& id);

  // Register, then look at the process, then wait: no end is missed.
  class Waiter {
   public:
    Waiter(Events& events, const ProcessKey& key);
    Waiter(const Waiter&) = delete;
    ~Waiter();
    // Until something that concerns the process has happened since the last call, or `until`.
    void wait_until(TimePoint until);

   private:
    friend class Events;
    Events& events_;
    std::pair<std::string, std::string> key_;
    std::condition_variable changed_;
    bool woken_ = false;
  };

 private:
  struct Stream;
  class Subscription;
  struct Watcher {
    std::mutex calling;  // held during a call, so that the end of the watch can wait for it
    std::function<void(const Change&)> on_change;
    bool fresh = true;  // has had no relist yet
    bool ended = false;
  };

  void run();
  void read_stream(Stream& stream);
  bool publish_mark();
  void on_established();
  void on_event(const std::string& topic, const std::string& payload);
  void on_exit(const std::string& payload);
  void deliver(const Change& change, bool only_fresh = false);
  void wake(const ProcessKey* key);

  const Channel& channel_;
  const std::function<bool(const std::string&)> out_of_memory_;
  std::mutex mutex_;  // guards all below
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  bool established_ = false;
  Stream* stream_ = nullptr;  // the one to cancel
  std::multimap<std::pair<std::string, std::string>, Waiter*> waiters_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
  std::set<std::string> out_of_memory_seen_;
  std::thread thread_;
};

}  // namespace dokku::runtime
