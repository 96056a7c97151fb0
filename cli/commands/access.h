// Who may do what: one rule over Command::access, Command::arguments and the caller.
//
//   root on the server   everything
//   role admin           all but what is root's
//   role deploy          what looks, also at secrets, and what changes one app
//   role read            what looks, but at no secrets
//   key for some apps    of its role only what concerns an app; the others do not exist for it,
//                        which is not decided here but by its platform (server/platform, AppScope)
//
// The whole matrix, command by role, is written down in tests/data/commands/roles.txt.
#pragma once

#include <optional>
#include <string>

#include "cli/commands/flags.h"
#include "server/model/key_role.h"

namespace dokku::cli {

struct Rights {
  std::string who = "nobody";  // for the audit log: a key's name, or a unix user
  bool root = false;
  std::optional<server::KeyRole> role;  // none and not root: nobody
  server::AppScope scope;
};

Result<Rights> rights_of(const Caller& caller, server::Platform& platform);

// permission_denied: "Access denied", the reason, and what would help, as lines.
Result<> check_access(const Command& command, const ParsedWords& words, const Rights& rights);

// What a command changes is in the audit log; what only looks may be.
bool only_looks(const Command& command);
// Does it name an app? "<app>", "[<app>]", "<new-app>".
bool names_app(const Command& command);

}  // namespace dokku::cli
