// Room: whether the disk has room for another build, and what may go to make some.
//
// What kept releases, running processes and running builds need never goes. What goes: images that
// nothing names (asked of the runtime a moment after a deploy, since it waits for many such); when
// there is no room for the next build, the caches of apps, those longest unused first, then foreign
// buildpacks: they cost the next build time and nothing else; then the history of repositories
// (git_history.h), which is also cut in the background when the next build would have little room.
// Threads: any; one of its own for the runtime's collector, ended by the destructor.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "server/deploy/disk_use.h"
#include "server/deploy/turns.h"

namespace dokku::server {

class Room {
 public:
  // Both outlive it. `turns`: whoever has the turn of an app may be building it.
  Room(const DeployParts& parts, Turns& turns);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // Before a build of `app`, whose turn the caller has. limit_exceeded: the disk or the budget is
  // full, and nothing is left that may go; the message lists what uses it and what to type next.
  Result<> make(const std::string& app, Progress& progress);
  // Images were removed: their bytes go within seconds, and nobody waits.
  void collect_soon();
  // The history of the repositories, the largest first, until `enough` says so. Returns the bytes.
  std::uint64_t cut_histories(const std::function<bool()>& enough, Progress& progress);
  // The cache of one app, unless somebody else has its turn. Returns its bytes.
  std::uint64_t drop_cache(const std::string& app);

 private:
  // What is full, in words; empty: nothing.
  Result<std::string> trouble();
  Result<std::string> trouble_with_budget(const DiskRules& rules);
  std::vector<std::string> caches_oldest_first(const std::string& last);
  std::string what_uses_it();
  void collect_when_asked();
  void collect();
  bool has_room_for_two();

  const DeployParts& parts_;
  Turns& turns_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;    // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread collector_;
};

}  // namespace dokku::server
