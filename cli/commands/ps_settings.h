// ps:scale, ps:set, ps:report: how many processes, and how they are treated.
#pragma once

#include "cli/commands/command.h"
#include "server/supervise/executor.h"

namespace dokku::cli {

void add_ps_settings_commands(Registry& registry);

// "running", "starting", "restarting", "exited", "stopping".
const char* process_word(const server::InstanceSeen& seen);

}  // namespace dokku::cli
