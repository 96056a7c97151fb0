// RunningBuilds: what is being built now, so that others than who waits for it can cancel it.
//
// Cancelling is what Ctrl-C in the push does: before the switch nothing has changed, after it the
// deploy is over. Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/cancel.h"
#include "base/clock.h"
#include "server/store/apps.h"

namespace dokku::server {

class RunningBuilds {
 public:
  // While it lives, the build is one that runs. One per app: whoever builds has its turn.
  class Entry {
   public:
    Entry(RunningBuilds& all, AppId app, const CancelToken& cancel);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    RunningBuilds& all_;
    const AppId app_;
  };

  // Returns when it has ended. not_found: nothing is built. timed_out: it is told, and still runs.
  Result<> cancel(AppId app, Duration patience);

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  struct Running {
    UniqueFd token;  // another descriptor of it
    std::uint64_t number;
  };
  std::map<AppId, Running> running_;
  std::uint64_t last_ = 0;
};

}  // namespace dokku::server
