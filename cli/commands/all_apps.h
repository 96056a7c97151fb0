// `--all` and `--parallel N`: the same deed for one app or for each (ps, proxy).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/commands/arguments.h"

namespace dokku::cli {

// Gets an Invocation of its own: with --parallel several run at once, on threads of their own, and
// what each prints comes out whole when it ends. Not to be asked, attached or read from then.
using AppDeed = std::function<Result<>(Invocation&, const server::App&)>;

// "all" and "parallel", for Command::flags.
std::vector<Flag> all_apps_flags();

// With --all: `deed` for each app that the caller sees; failures are printed and counted:
// "restart command returned 2 errors". Else for the app that args[0] names. Writes the audit notes.
// `word`: "restart".
Result<int> for_apps(Invocation& call, const std::string& word, Missing missing,
                     const AppDeed& deed);

}  // namespace dokku::cli
