// The program `dokku`, but for main: forwards what was typed to dokkud and shows what comes back.
#pragma once

#include <string>
#include <vector>

#include "cli/client/invocation.h"

namespace dokku::cli {

// The exit status.
int client_main(const std::vector<std::string>& arguments, const Environment& environment);

// "K=V" strings as main gets them, ended by a null pointer.
Environment environment_from(const char* const* lines);

}  // namespace dokku::cli
