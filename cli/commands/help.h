// Help texts, all made from the registry. Each returns the exit status.
#pragma once

#include <string>
#include <string_view>

#include "cli/commands/registry.h"

namespace dokku::cli {

int print_topic_help(Printer& print, const Registry& registry, const std::string& topic);
int print_command_help(Printer& print, const Command& command);

// For a word that is no command: not there yet, or none at all, and what it resembles. Status 1.
int say_unknown(Printer& print, const Registry& registry, const std::string& typed);

// This program's own; what it is compatible with is in docs/differences.md.
std::string_view version_number();

// `help` and `version`.
void add_help_commands(Registry& registry);

}  // namespace dokku::cli
