// SetupSession: one worker that shows the set-up page, and the thread that answers what it asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "server/setup_page/messages.h"

namespace dokku::server {

class SetupSession {
 public:
  // `over`: the link has come to its end, or the worker to its own. Called by the session's thread.
  struct Calls {
    std::function<SetupReply(const SetupQuestion&)> answer;
    std::function<Result<>(int listener, int channel)> show;
    std::function<void()> over;
  };
  static Result<std::unique_ptr<SetupSession>> open(Calls calls, Duration life);
  // Closes, and waits for the worker's end: seconds at most.
  ~SetupSession();

  std::uint16_t port() const { return port_; }  // of 127.0.0.1
  // No more questions: what is under way is answered still.
  void close() { stop_.cancel(); }
  bool over() const { return over_; }          // shows nothing any more
  bool finished() const { return finished_; }  // its destructor does not wait

 private:
  explicit SetupSession(Calls calls, CancelToken stop)
      : calls_(std::move(calls)), stop_(std::move(stop)) {}
  void run();
  void talk();
  void rest();

  const Calls calls_;
  CancelToken stop_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  UniqueFd channel_;
  UniqueFd workers_channel_;
  TimePoint ends_{};
  std::atomic<bool> over_{false};
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

}  // namespace dokku::server
