// Lines of processes' logs on the way to a person: for `logs` and `run:logs`.
#pragma once

#include "cli/commands/command.h"
#include "server/logs/log_reader.h"

namespace dokku::cli {

// The flags that both have: -t, -n, -p, -q.
std::vector<Flag> log_flags();

// Reads flags into `query`, prints what it finds, and with -t goes on until the person is gone.
// `query.app_dir` and `query.of` are set by the caller.
Result<int> print_logs(Invocation& call, server::LogQuery query);

}  // namespace dokku::cli
