// PhaseRunner: runs one program after another where a build happens, and hears what it prints.
//
// Implemented by FramePhaseRunner (PID 1 of a build container) and by plain processes in tests.
// Threads: one phase at a time, on the building thread; the watcher is called from there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/result.h"

namespace dokku::buildstep {

struct Phase {
  std::vector<std::string> argv;  // argv[0] is an absolute path
  std::vector<std::string> environment;
  std::string directory = "/";
  bool separate_streams = false;  // else standard error comes as stream 1 too
};

struct PhaseLimits {
  Duration total{};
  Duration silence{};
};

struct PhaseEnd {
  enum class Why { ended, total_limit, silence_limit, cancelled };
  Why why = Why::ended;
  ExitStatus status;
  Duration wall{};  // between exec and exit of the program itself
  Duration cpu{};
  unsigned left_over = 0;  // background processes that were killed after it
};

class PhaseWatcher {
 public:
  virtual ~PhaseWatcher() = default;
  virtual void output(int stream, std::string_view bytes) = 0;
  // Called about every ten seconds while the phase runs.
  virtual void tick() {}
};

class PhaseRunner {
 public:
  virtual ~PhaseRunner() = default;
  // Returns when the program and everything that it started have ended. A limit or a cancel kills
  // them and is no error. unavailable: the place where it ran is gone.
  virtual Result<PhaseEnd> run(const Phase& phase, const PhaseLimits& limits, PhaseWatcher& watcher,
                               const CancelToken& cancel) = 0;
};

}  // namespace dokku::buildstep
