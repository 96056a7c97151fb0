// Completion: which words may stand where a shell's cursor is.
//
// A shell's script (packaging/completion) hands over the words of the command line up to the cursor
// and prints what comes back. All knowledge is in the registry's usage lines and flags.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/commands/registry.h"

namespace dokku::cli {

struct Candidate {
  std::string word;
  std::string description;  // one line, may be empty
};

// What is looked up only when it is wanted. An unknown app has nothing.
struct CompletionFacts {
  std::function<std::vector<std::string>()> apps;
  std::function<std::vector<std::string>(const std::string& app)> process_types;
  std::function<std::vector<std::string>(const std::string& app)> config_keys;
  std::function<std::vector<std::string>(const std::string& app)> domains;
  // Whether the caller's key may use it: what is refused is not offered. Empty: everything.
  std::function<bool(const Command&)> may = {};
};

// `words`: after "dokku", the last one is being typed (empty: not begun). Sorted.
// A candidate that ends in ':' or '=' is to be followed by more, without a blank.
std::vector<Candidate> complete(const Registry& registry, const CompletionFacts& facts,
                                const std::vector<std::string>& words);

}  // namespace dokku::cli
