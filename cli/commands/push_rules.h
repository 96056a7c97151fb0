// Which pushed refs deploy, and what to say about the others. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::cli {

// One line of git's pre-receive hook.
struct RefChange {
  std::string before;  // full ids; all zeros: the ref does not exist
  std::string after;
  std::string ref;  // "refs/heads/main"
};

// Triples of words. invalid_argument: not as git sends them.
Result<std::vector<RefChange>> read_ref_changes(const std::vector<std::string>& words);

// The one change that is to be deployed. `deploy_branch` empty: main and master do.
// invalid_argument: refused, with the command to type instead.
Result<RefChange> choose_deploy(const std::vector<RefChange>& changes, const std::string& app,
                                const std::string& deploy_branch);

}  // namespace dokku::cli
