// The worker of a build: parses the bytes of strangers for dokkud.
//
// Tars, YAML, git packs are parsed in a process of its own, under the build user, with only
// descriptors and a target directory: `dokku-worker TASK …`, programs/dokku_worker.cc. A program of
// its own also keeps the parsers' libraries out of the daemon, and starts faster. Tasks and their
// descriptors: the table in worker.cc.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

// A task of another module: its standard input in, its answer (to descriptor 3) out.
using InputTask = std::function<Result<std::string>(const std::string& input)>;

// What every task does first: whatever a parser is made to do, it does it small and alone.
void confine_worker();
// Returns the exit status of the process.
int worker_main(int argc, char** argv, const std::map<std::string, InputTask>& more = {});

}  // namespace dokku::buildstep
