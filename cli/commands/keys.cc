#include <set>
#include <sstream>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"

namespace dokku::cli {
namespace {

using server::KeyName;
using server::PublicKey;
using server::StoredKey;

constexpr std::size_t kKeyFileMax = 64 * 1024;
constexpr const char* kAllowed =
    "no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding";

Result<std::string> read_key_text(Invocation& call, std::size_t file_index) {
  if (call.args.size() > file_index) {
    return read_named_file(call, call.args[file_index], kKeyFileMax);
  }
  if (call.session.terminal().stdin_is_terminal) {
    return fail(Errc::invalid_argument, "No key specified via file or pipe");
  }
  return call.session.read_stdin(kKeyFileMax);
}

// One line; a missing last newline is fine, as is the carriage return of a file from Windows.
Result<PublicKey> parse_key_text(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return fail(Errc::invalid_argument, "Empty key was specified");
  if (text.find('\n') != std::string::npos) {
    return fail(Errc::invalid_argument,
                "Too many keys provided, set one per invocation of dokku ssh-keys:add <NAME> "
                "<KEY_FILE>");
  }
  return PublicKey::parse(text);
}

Result<std::set<std::string>> read_apps(const std::vector<std::string>& words) {
  std::set<std::string> apps;
  for (const std::string& word : words) {
    std::istringstream names(word);
    for (std::string name; std::getline(names, name, ',');) {
      const server::AppName app = TRY(server::AppName::parse(name));
      apps.insert(app.str());
    }
  }
  return apps;
}

// Prints the fingerprint, or what the program sshcommand used to say.
Result<int> add_key(Invocation& call, const server::Keys::NewKey& key) {
  const Result<server::Fingerprint> added = call.platform.keys.add(key);
  if (!added && added.error().code() == Errc::already_exists) {
    call.print.error_line(added.error().message());
    return fail(Errc::already_exists, "sshcommand returned an error: 1");
  }
  if (!added) return Fail(added.error());
  call.print.line(added->str());
  record_event(
      call, "",
      key.name.str() + " " + added->str() + " " + std::string(server::key_role_name(key.role)));
  return 0;
}

Result<int> add(Invocation& call) {
  if (call.args.empty()) return fail(Errc::invalid_argument, "No name specified");
  TRY(at_most(call, 2));
  const KeyName name = TRY(KeyName::parse(call.args[0]));
  const server::KeyRole role = TRY(server::parse_key_role(call.options.text("role", "admin")));
  const std::set<std::string> apps = TRY(read_apps(call.options.list("app")));
  const std::string text = TRY(read_key_text(call, 1));
  const PublicKey key = TRY(parse_key_text(text));
  return add_key(call, {name, key, role, apps});
}

std::string joined(const std::set<std::string>& apps) {
  std::string text;
  for (const std::string& app : apps) text += (text.empty() ? "" : " ") + app;
  return text;
}

// Dokku's line; what it does not know comes behind, when it is not what every key has there.
std::string text_row(const StoredKey& key) {
  std::string row = key.key.fingerprint().str() + " NAME=\"" + key.name.str() +
                    "\" SSHCOMMAND_ALLOWED_KEYS=\"" + kAllowed + "\"";
  const bool usual = key.role == server::KeyRole::admin && key.apps.empty();
  if (usual) return row;
  row += " ROLE=\"" + std::string(server::key_role_name(key.role)) + "\"";
  return key.apps.empty() ? row : row + " APPS=\"" + joined(key.apps) + "\"";
}

Result<int> list(Invocation& call) {
  const std::string format = call.options.text("format", "text");
  if (format != "text" && format != "json") {
    return fail(Errc::invalid_argument, "Invalid format specified, supported formats: json, text");
  }
  TRY(at_most(call, 1));
  const std::vector<StoredKey> keys = TRY(call.platform.keys.list());
  std::vector<std::map<std::string, std::string>> rows;
  std::string lines;
  for (const StoredKey& key : keys) {
    if (!call.args.empty() && call.args[0] != key.name.str()) continue;
    lines += text_row(key) + "\n";
    rows.push_back({{"fingerprint", key.key.fingerprint().str()},
                    {"name", key.name.str()},
                    {"public-key", key.key.line()},
                    {"role", std::string(server::key_role_name(key.role))},
                    {"apps", joined(key.apps)},
                    {"SSHCOMMAND_ALLOWED_KEYS", kAllowed}});
  }
  if (format == "json") {
    call.print.line(json_objects(rows));
    return 0;
  }
  call.session.out(lines);
  return rows.empty() ? 1 : 0;
}

Result<> set_role(Invocation& call, const std::string& name) {
  if (call.args.size() < 3) return fail(Errc::invalid_argument, "No role specified");
  TRY(at_most(call, 3));
  const server::KeyRole role = TRY(server::parse_key_role(call.args[2]));
  TRY(call.platform.keys.set_role(name, role));
  call.print.info2_quiet("Setting role to " + call.args[2]);
  record_event(call, "", name + " role " + call.args[2]);
  return {};
}

Result<> set_apps(Invocation& call, const std::string& name) {
  const std::set<std::string> apps = TRY(read_apps({call.args.begin() + 2, call.args.end()}));
  TRY(call.platform.keys.set_apps(name, apps));
  call.print.info2_quiet(apps.empty() ? "Unsetting apps" : "Setting apps to " + joined(apps));
  record_event(call, "", name + " apps " + joined(apps));
  return {};
}

Result<int> set(Invocation& call) {
  if (call.args.empty() || call.args[0].empty()) {
    return fail(Errc::invalid_argument, "No name specified");
  }
  if (call.args.size() < 2 || call.args[1].empty()) {
    return fail(Errc::invalid_argument, "No property specified");
  }
  const std::string& name = call.args[0];
  if (call.args[1] == "role") {
    TRY(set_role(call, name));
  } else if (call.args[1] == "apps") {
    TRY(set_apps(call, name));
  } else {
    return fail(Errc::invalid_argument,
                "Invalid property specified, valid properties include: apps, role");
  }
  return 0;
}

Result<int> remove(Invocation& call) {
  const std::string fingerprint = call.options.text("fingerprint");
  if (call.args.empty() && fingerprint.empty()) {
    return fail(Errc::invalid_argument, "No name or fingerprint specified");
  }
  const int removed =
      TRY(fingerprint.empty() ? call.platform.keys.remove_by_name(call.args[0])
                              : call.platform.keys.remove_by_fingerprint(fingerprint));
  const std::string& which = fingerprint.empty() ? call.args[0] : fingerprint;
  if (removed > 0) {
    record_event(call, "", which);
  } else {
    call.print.warn("There is no key " + server::printable(which) + "; see: dokku ssh-keys:list");
  }
  return 0;
}

// `cat key.pub | sudo sshcommand acl-add dokku NAME`, as the tutorials of 2013 type it.
Result<int> check_user(const Invocation& call) {
  if (call.args.size() < 2) {
    return fail(Errc::invalid_argument, "Usage: sshcommand acl-add <user> <name>");
  }
  if (call.args[0] != call.platform.instance.user) {
    return fail(Errc::invalid_argument,
                "User " + server::printable(call.args[0]) + " is not managed here");
  }
  return 0;
}

Result<int> acl_add(Invocation& call) {
  TRY(check_user(call));
  const KeyName name = TRY(KeyName::parse(call.args[1]));
  const std::string text = TRY(read_key_text(call, 2));
  const PublicKey key = TRY(parse_key_text(text));
  return add_key(call, {name, key});
}

Result<int> acl_remove(Invocation& call) {
  TRY(check_user(call));
  call.args.erase(call.args.begin());
  return remove(call);
}

}  // namespace

void add_keys_commands(Registry& registry) {
  registry.add_topic({"ssh-keys", "Manage public ssh keys used for deployment"});
  registry.add({.name = "ssh-keys:add",
                .arguments = "[--role admin|deploy|read] [--app APP]... <name> [<path-to-key>]",
                .description = "Add a new public key by pipe or path",
                .access = Access::root,
                .run = add,
                .flags = {{"role", 0, Flag::Kind::text, "what it may do (admin)"},
                          {"app", 0, Flag::Kind::list, "an app that it is for (all)"}}});
  registry.add({.name = "ssh-keys:list",
                .arguments = "[--format text|json] [<name>]",
                .description = "List of all authorized public keys",
                .access = Access::admin,
                .run = list,
                .flags = {{"format", 0, Flag::Kind::text, "output format: [ text | json ]"}}});
  registry.add({.name = "ssh-keys:remove",
                .arguments = "<name>|--fingerprint <fingerprint>",
                .description = "Remove SSH public key",
                .access = Access::root,
                .run = remove,
                .flags = {{"fingerprint", 0, Flag::Kind::text, "remove the key with this one"}}});
  registry.add({.name = "ssh-keys:set",
                .arguments = "<name> role|apps [<value>...]",
                .description = "Change what a key may do, and for which apps",
                .access = Access::root,
                .run = set,
                .grammar = Grammar::words});
  registry.add({.name = "sshcommand:acl-add",
                .arguments = "<user> <name> [<path-to-key>]",
                .description = "Add a public key, the old way",
                .access = Access::root,
                .run = acl_add,
                .grammar = Grammar::words,
                .hidden = true});
  registry.add({.name = "sshcommand:acl-remove",
                .arguments = "<user> <name>",
                .description = "Remove a public key, the old way",
                .access = Access::root,
                .run = acl_remove,
                .grammar = Grammar::words,
                .hidden = true});
}

}  // namespace dokku::cli
