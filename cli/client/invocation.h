// What a start of the program `dokku` means: who calls, and what is to be called.
//
// Pure: from arguments and environment to a value. Three ways in: typed on the server, the forced
// command of an ssh key (`dokku --ssh-key ID` with SSH_ORIGINAL_COMMAND), and two inner uses.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::cli {

using Environment = std::map<std::string, std::string>;

struct Invocation {
  std::vector<std::string> argv;  // for the daemon
  std::string socket;             // path
  std::string key_id;             // empty: not by ssh
  bool by_ssh = false;
  // `dokku --restore-terminal`: the watcher of a terminal in raw mode (terminal.h).
  bool restores_terminal = false;
};

// What follows the program's name. As `sshcommand VERB …` the program means `sshcommand:VERB …`.
std::vector<std::string> arguments_of(const std::vector<std::string>& command_line);

// invalid_argument: a line for the caller (an unmatched quote in an ssh command).
Result<Invocation> read_invocation(const std::vector<std::string>& arguments,
                                   const Environment& environment);

// Splits as `xargs` does: blanks part words; single and double quotes and the backslash count;
// nothing is expanded. invalid_argument: unmatched quote.
Result<std::vector<std::string>> split_quoted(std::string_view text);
// An ssh command: `git-*` and `git:*` are split at blanks only, all else as above. The repository
// of git-receive-pack and its like loses its quotes and one leading slash.
Result<std::vector<std::string>> split_ssh_command(std::string_view text);

// The part of the environment that the daemon gets to see (cli/output/session.h).
Environment environment_for_daemon(const Environment& environment);

}  // namespace dokku::cli
