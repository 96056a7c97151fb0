// Pushes that an upgrade cuts off: the client makes them anew, with the next daemon.
//
// Used by git-hook, which is cancelled when the daemon ends, and by call-outcome, when it was
// killed.
#pragma once

#include <optional>
#include <string>

#include "cli/commands/command.h"

namespace dokku::cli {

// The exit status when an upgrade is under way (or was a moment ago) and the client tries again;
// then it is told so, with `so_far` ("release 3 serves").
std::optional<int> try_again_after_upgrade(Invocation& call, const std::string& so_far);

}  // namespace dokku::cli
