// The sandbox of a worker: what a process that reads strangers' bytes can still ask of the kernel.
//
// It serves sockets that it was given, opens TCP connections to apps, and owns memory: nothing
// else. No file can be opened, no program started, no other process touched. A call that is not on
// the list fails with EPERM; one that only an attacker makes (execve, ptrace) ends the process.
// Sources: seccomp(2), capabilities(7).
#pragma once

#include "base/result.h"

namespace dokku::proxy::process {

// For good, for this thread and all that it starts. Call it when everything that needs a file has
// been opened. Drops every capability first. Fails where the kernel has no seccomp.
Result<> enter_sandbox();

}  // namespace dokku::proxy::process
