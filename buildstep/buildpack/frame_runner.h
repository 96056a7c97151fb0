// FramePhaseRunner: phases over the frames of `dokku-init --serve` (base/phase_frames.h).
//
// What it reads was under the control of the pack: frames are bounded, anything else ends the
// build with an error and nothing more.
#pragma once

#include <functional>

#include "base/phase_frames.h"
#include "base/unique_fd.h"
#include "buildstep/buildpack/phase_runner.h"

namespace dokku::buildstep {

class FramePhaseRunner : public PhaseRunner {
 public:
  // `requests` and `replies` are non-blocking. `alive` is asked now and then, since a FIFO does
  // not tell that PID 1 is gone; its error is then the answer.
  FramePhaseRunner(UniqueFd requests, UniqueFd replies, std::function<Result<>()> alive);

  // Waits for PID 1's hello.
  Result<> ready(Duration limit, const CancelToken& cancel);
  Result<PhaseEnd> run(const Phase& what, const PhaseLimits& limits, PhaseWatcher& watcher,
                       const CancelToken& cancel) override;
  // Asks PID 1 to end, and everything with it. Does not wait.
  void stop();

 private:
  struct Frame {
    phase::Header header;
    std::string payload;
  };
  struct Running;

  Result<> send(std::string_view bytes);
  Result<> kill_phase(Running& running, PhaseEnd::Why why);
  Result<> mind_the_time(Running& running, const CancelToken& cancel);
  // Waits up to `limit` for bytes or cancel. False: neither came.
  Result<bool> wait_for_bytes(Duration limit, const CancelToken* cancel);
  // The next whole frame in the buffer, if there is one.
  Result<bool> next_frame(Frame* frame);
  Result<bool> handle(const Frame& frame, Running& running, PhaseWatcher& watcher);

  UniqueFd requests_;
  UniqueFd replies_;
  std::function<Result<>()> alive_;
  std::string buffer_;
};

}  // namespace dokku::buildstep
