// UsageWords: what a command's usage line says about the words that may follow its name.
//
// "[--format stdout|json] (<app>|--global) <key>" is written for people; completion reads it too,
// so that nothing about a command is written twice. Forms that are understood: groups in [] or (),
// alternatives by "|", placeholders in <>, a literal in none, "..." for "again and again".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dokku::cli {

struct UsageFlag {
  std::string name;                  // "--format", "-p"
  bool takes_value = false;          // the next word belongs to it
  std::vector<std::string> choices;  // "stdout", "json"; empty: anything
};

struct UsageWords {
  std::vector<UsageFlag> flags;
  std::vector<std::string> positionals;  // "<app>", "<type>=<count>", "crt|key"
  bool last_repeats = false;
};

UsageWords read_usage(std::string_view arguments);

}  // namespace dokku::cli
