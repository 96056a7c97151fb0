// `sshcommand …`: the program by which the tutorials give keys to the user dokku. The client is
// installed under that name too and calls these. acl-add and acl-remove are in keys.cc.
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

constexpr const char* kHelp =
    "  create                      <USER> <COMMAND>              Nothing to do: the user is there\n"
    "  acl-add                     <USER> <NAME> [KEY_FILE]      Adds a public key, from a pipe or "
    "file\n"
    "  acl-remove                  <USER> <NAME>                 Removes a key by its name\n"
    "  acl-remove-by-fingerprint   <USER> <FINGERPRINT>          Removes a key by its fingerprint\n"
    "  list                        <USER> [NAME] [json]          Lists the keys\n"
    "  help                                                      Shows this\n"
    "  version                                                   Shows the version\n";

Result<int> help(Invocation& call) {
  call.print.line("sshcommand, for the keys of user " + call.platform.instance.user);
  call.print.line("");
  call.session.out(kHelp);
  return 0;
}

Result<int> version(Invocation& call) {
  const Command* dokku = call.registry.find("version");
  return dokku->run(call);
}

// The first argument, which must be our user.
Result<> check_user(const Invocation& call, std::size_t words, std::string_view usage) {
  if (call.args.size() < words) {
    return fail(Errc::invalid_argument, "Usage: sshcommand " + std::string(usage));
  }
  if (call.args[0] != call.platform.instance.user) {
    return fail(Errc::invalid_argument,
                "User " + server::printable(call.args[0]) + " is not managed here");
  }
  return {};
}

Result<int> create(Invocation& call) {
  TRY(check_user(call, 2, "create <USER> <COMMAND>"));
  return 0;
}

// Does what the command of today does, with the arguments as they are now.
Result<int> hand_over(Invocation& call, const char* name) {
  const Command* today = call.registry.find(name);
  call.command = today->name;
  return today->run(call);
}

Result<int> remove_by_fingerprint(Invocation& call) {
  TRY(check_user(call, 2, "acl-remove-by-fingerprint <USER> <FINGERPRINT>"));
  call.options.add("fingerprint", call.args[1]);
  call.args.clear();
  return hand_over(call, "ssh-keys:remove");
}

Result<int> list(Invocation& call) {
  TRY(check_user(call, 1, "list <USER> [<NAME>] [<OUTPUT_TYPE>]"));
  call.args.erase(call.args.begin());
  if (!call.args.empty() && call.args.back() == "json") {
    call.args.pop_back();
    call.options.add("format", "json");
  }
  return hand_over(call, "ssh-keys:list");
}

void add(Registry& registry, const char* name, const char* arguments, Handler run) {
  registry.add({.name = std::string("sshcommand:") + name,
                .arguments = arguments,
                .description = "As the program sshcommand does",
                .access = Access::root,
                .run = std::move(run),
                .grammar = Grammar::words,
                .hidden = true});
}

}  // namespace

void add_sshcommand_commands(Registry& registry) {
  add(registry, "create", "<user> <command>", create);
  add(registry, "acl-remove-by-fingerprint", "<user> <fingerprint>", remove_by_fingerprint);
  add(registry, "list", "<user> [<name>] [<format>]", list);
  add(registry, "help", "", help);
  add(registry, "version", "", version);
}

}  // namespace dokku::cli
