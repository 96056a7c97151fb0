// CheckLoop: runs health checks to their end, all at once, on the caller's thread.
//
//   pending ──delay over──> trying ──> passed
//               ^             │ failed, or its time is over
//               └── waiting <─┤ attempts left
//                             └──> failed
//
// Blocks in one poll; no thread per check. Errors: cancelled, and what `interrupted` says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "server/checks/probe.h"
#include "server/model/health_check.h"

namespace dokku::server {

// One check of one process.
struct CheckTask {
  HealthCheck check;
  std::string subject;  // "web.1"
  TimePoint started{};  // when its process was
  // Begins an attempt.
  std::function<std::unique_ptr<Probe>()> probe;
};

struct CheckOutcome {
  bool passed = false;
  unsigned attempts = 0;
  std::string reason;  // of the last attempt that failed
};

struct CheckWorld {
  const Clock& clock;
  const CancelToken& cancel;
  // Looked at when `interrupt_fd` is readable (-1: never): an error ends the loop.
  int interrupt_fd = -1;
  std::function<Result<>()> interrupted;
  // Called as each task is over.
  std::function<void(const CheckTask&, const CheckOutcome&)> on_end;
};

// In the order of `tasks`.
Result<std::vector<CheckOutcome>> run_checks(const std::vector<CheckTask>& tasks,
                                             const CheckWorld& world);

}  // namespace dokku::server
