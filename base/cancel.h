// CancelToken: one thread says "stop", others see it or wait for it.
//
// Level-triggered and final: once cancelled, always cancelled. Threads: any.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku {

class CancelToken {
 public:
  static Result<CancelToken> create();
  void cancel();
  bool cancelled() const;
  // Readable once cancelled, for poll(2) and epoll(7).
  int fd() const { return event_.get(); }

 private:
  explicit CancelToken(UniqueFd event) : event_(std::move(event)) {}
  UniqueFd event_;
};

}  // namespace dokku
