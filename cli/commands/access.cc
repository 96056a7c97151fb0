#include "cli/commands/access.h"

#include <algorithm>

namespace dokku::cli {
namespace {

using server::KeyRole;

// What a role must at least be; none: root.
std::optional<KeyRole> role_for(Access access) {
  switch (access) {
    case Access::anybody:
    case Access::reader:
      return KeyRole::read;
    case Access::secrets:
    case Access::deployer:
      return KeyRole::deploy;
    case Access::admin:
      return KeyRole::admin;
    case Access::root:
      break;
  }
  return std::nullopt;
}

bool is_global(const Command& command, const ParsedWords& words) {
  return command.name.ends_with("-global") || words.options.has("global") ||
         std::find(words.args.begin(), words.args.end(), "--global") != words.args.end();
}

Fail denied(const std::string& why) {
  return fail(Errc::permission_denied, "Access denied\n" + why);
}

Fail denied_role(const Command& command, const Rights& rights, KeyRole needed) {
  return denied("The key " + rights.who + " has the role " +
                std::string(server::key_role_name(*rights.role)) + ", " + command.name + " needs " +
                std::string(server::key_role_name(needed)) +
                "\nWhoever is root on the server may type: dokku ssh-keys:set " + rights.who +
                " role " + std::string(server::key_role_name(needed)));
}

Result<> check_scope(const Command& command, bool global, const Rights& rights) {
  if (rights.scope.all() || only_looks(command) || (names_app(command) && !global)) return {};
  return denied("The key " + rights.who + " is for " + rights.scope.text() + " only, " +
                command.name + (global ? " --global" : "") +
                " concerns all apps\nWhoever is root on the server may type: dokku ssh-keys:set " +
                rights.who + " apps");
}

}  // namespace

bool only_looks(const Command& command) { return command.access <= Access::secrets; }

bool names_app(const Command& command) {
  return command.arguments.find("app>") != std::string::npos;
}

Result<Rights> rights_of(const Caller& caller, server::Platform& platform) {
  Rights rights;
  if (caller.kind == Caller::Kind::admin) {
    rights.who = caller.unix_user.empty() ? "root" : caller.unix_user;
    rights.root = true;
    rights.role = KeyRole::admin;
  } else if (caller.kind == Caller::Kind::key) {
    const std::optional<server::StoredKey> key = TRY(platform.keys.find(caller.key_id));
    if (!key) return rights;
    rights.who = key->name.str();
    rights.role = key->role;
    rights.scope = server::AppScope(key->apps);
  }
  return rights;
}

Result<> check_access(const Command& command, const ParsedWords& words, const Rights& rights) {
  if (rights.root || command.access == Access::anybody) return {};
  if (!rights.role) {
    return denied("This key is not known here any more: dokku ssh-keys:add gives it access");
  }
  const std::optional<KeyRole> least = role_for(command.access);
  if (!least) {
    return fail(Errc::permission_denied,
                "This command must be run as root\nOn the server type: "
                "sudo dokku " +
                    command.name);
  }
  const bool global = is_global(command, words);
  const KeyRole needed = global && !only_looks(command) ? KeyRole::admin : *least;
  if (*rights.role < needed) return denied_role(command, rights, needed);
  return check_scope(command, global, rights);
}

}  // namespace dokku::cli
