// Reading the words after a command's name into flags and arguments.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/command.h"

namespace dokku::cli {

struct ParsedWords {
  Options options;
  std::vector<std::string> args;
};

// invalid_argument: "unknown flag: --x", "unknown shorthand flag: 'x' in -x", "flag needs an
// argument: --x", "invalid argument …": the caller prints usage and ends with status 2.
Result<ParsedWords> parse_words(const Command& command, const std::vector<std::string>& words);

// "Usage of apps:list:" and a row per flag, as pflag prints it.
std::string flag_usage(const Command& command);

}  // namespace dokku::cli
