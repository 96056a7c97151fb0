// A worker process: one loop that serves requests, and does what the parent tells it.
//
// Has no rights and opens no file. When the parent goes away, it finishes what is under way and
// ends.
#pragma once

#include "base/unique_fd.h"

namespace dokku::proxy::process {

// Runs until told to end; `channel` is the worker's end, `workers` how many there are. Returns the
// exit status.
int run_worker(UniqueFd channel, std::size_t workers);

}  // namespace dokku::proxy::process
