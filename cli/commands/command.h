// Command: one thing that people can type, written once: name, usage, help and what it does.
//
// Each file cli/commands/<topic>.cc defines one function `void add_<topic>_commands(Registry&)`,
// which registry.cc calls in add_all_commands. No self-registration.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/printer.h"
#include "cli/output/session.h"
#include "server/platform/platform.h"

namespace dokku::cli {

class Registry;

// The words that global flags turn into (docs/commands.md).
struct Globals {
  bool quiet = false;
  bool trace = false;
  bool force = false;
};

// A flag of one command. Letter 0: none.
struct Flag {
  enum class Kind { boolean, text, number, list };  // list: may be given more than once
  std::string name;                                 // "no-restart"
  char letter = 0;
  Kind kind = Kind::boolean;
  std::string description;
};

// How the words after a command's name are read.
enum class Grammar {
  flags,  // flags anywhere, "--" ends them, an unknown one: usage, status 2 (Dokku's Go topics)
  flags_lead,  // as flags, but the first other word ends them (run: the rest is the command's)
  words,       // no flags: every word is an argument, one with dashes too (Dokku's bash topics)
};

// The flags that were given.
class Options {
 public:
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  // The last value given, else `fallback`.
  std::string text(std::string_view name, std::string fallback = "") const;
  std::vector<std::string> list(std::string_view name) const;
  // For Kind::number, which the parser has checked.
  long number(std::string_view name, long fallback) const;
  void add(const std::string& name, std::string value) {
    values_[name].push_back(std::move(value));
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// What the audit log says of a command beyond its name: keys and names, never values.
struct AuditNote {
  std::string app;  // may be empty
  std::string detail;
};

// Everything that a handler gets. Lives for the call.
struct Invocation {
  Session& session;
  server::Platform& platform;
  Printer& print;
  const Registry& registry;
  Globals globals;
  std::string who;                // for events and releases: a key's name, or a unix user
  std::string command;            // its full name: "apps:create"
  Options options;                // flags, already taken out of `args`
  std::vector<std::string> args;  // after the command's name; --app inserted, global flags removed
  std::vector<AuditNote> notes = {};  // by record_event (arguments.h)
};

// The exit status: 0, 1, 2 (unknown flag), 20 (unknown app), or the inner process's. An error is
// printed as " !     " lines and becomes 20 when it is not_found (server/platform/platform.h),
// else 1.
using Handler = std::function<Result<int>(Invocation&)>;

// Least right that a caller needs, the weakest first. A key's role is admin, deploy or read
// (ssh-keys:add --role); `root` is nobody over ssh. What only looks is `anybody`, `reader` or
// `secrets`, everything else changes something and is in the audit log.
enum class Access {
  anybody,   // without a key too
  reader,    // reports, lists, logs
  secrets,   // looks at values of config and private keys: role deploy
  deployer,  // changes what one app is: role deploy. With --global: admin
  admin,     // makes and removes apps, reaches into the host, or concerns all apps
  root
};

struct Command {
  std::string name;         // "apps:create"
  std::string arguments;    // "<app>" or "[--format stdout|json] [<app>]", for usage lines
  std::string description;  // one sentence without full stop
  Access access = Access::deployer;
  Handler run;
  std::vector<Flag> flags = {};
  Grammar grammar = Grammar::flags;
  std::vector<std::string> aliases = {};  // "delete"
  bool hidden = false;
  // Calls as typed, without "dokku": "apps:create blog". Shown by --help and tried by a test.
  std::vector<std::string> examples = {};
  // Holds a deploy job's thread, not a short command's (push, ps:rebuild, run …).
  bool long_running = false;
};

}  // namespace dokku::cli
