// Changes: wakes whoever waits for something to happen to the processes of an app.
//
// One waiter, one thread; the executor's thread rings.
#pragma once

#include <memory>
#include <string>

#include "base/cancel.h"
#include "server/supervise/executor.h"

namespace dokku::server {

class Changes {
 public:
  Changes(Executor& executor, const std::string& app);

  // Readable after a change, until clear().
  int fd() const { return event_.get(); }
  void clear();
  // timed_out at `deadline`, cancelled.
  Result<> wait(const CancelToken* cancel, TimePoint deadline, const Clock& clock);

 private:
  void ring();

  UniqueFd event_;
  std::unique_ptr<runtime::Watch> watch_;
};

}  // namespace dokku::server
