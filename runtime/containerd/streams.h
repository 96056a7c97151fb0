// Stdio as the shim reads it: paths of FIFOs, or the URI of a logger.
//
// Pure. Internal to this folder. invalid_argument: a combination that the shim does not know.
#pragma once

#include "base/result.h"
#include "runtime/api/containers.h"
#include "runtime/containerd/tasks.h"

namespace dokku::runtime {

Result<TaskStreams> streams_for_init(const Stdio& stdio, bool terminal);
Result<TaskStreams> streams_for_exec(const Stdio& stdio, bool terminal);

}  // namespace dokku::runtime
