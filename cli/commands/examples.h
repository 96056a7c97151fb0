// An example for each command, as it is typed after "dokku". Command::examples comes first; most
// are in the one table here. A test reads each of them with the command's own grammar.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/command.h"

namespace dokku::cli {

// Empty: there is none.
std::vector<std::string> examples_of(const Command& command);

}  // namespace dokku::cli
