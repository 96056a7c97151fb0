// Turning this process into another program: git after the daemon's yes, sudo for a login user.
#pragma once

#include "base/result.h"
#include "cli/client/invocation.h"
#include "cli/wire/messages.h"

namespace dokku::cli {

// Returns only when it fails. `environment` and what the program adds to it.
Result<> become(const wire::Become& program, const Environment& environment);

// The same command again as root, when sudo lets this user without asking for a password. Returns
// when it does not.
Result<> become_root(const Invocation& invocation, const Environment& environment);

}  // namespace dokku::cli
