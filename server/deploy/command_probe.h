// A health check that is a command, run in the container of the process that it checks.
#pragma once

#include <memory>

#include "server/checks/probe.h"
#include "server/model/health_check.h"
#include "server/supervise/executor.h"

namespace dokku::server {

// Passes with status 0, and the expected content in its output if there is any. Blocks until the
// command runs (milliseconds), not until its end.
std::unique_ptr<Probe> make_command_probe(Executor& executor, const InstanceSeen& seen,
                                          const HealthCheck& check);

}  // namespace dokku::server
