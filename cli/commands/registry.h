// Registry: all commands, and the way from what was typed to one of them.
//
// Built once at the start, then only read: threads any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/command.h"

namespace dokku::cli {

struct Topic {
  std::string name;         // "apps"
  std::string description;  // "Manage apps"
};

class Registry {
 public:
  void add_topic(Topic topic);
  // CHECKs that the name is new.
  void add(Command command);

  const Command* find(std::string_view name) const;  // also by alias
  const Topic* topic(std::string_view name) const;
  const std::map<std::string, Command, std::less<>>& commands() const { return commands_; }
  const std::map<std::string, Topic, std::less<>>& topics() const { return topics_; }
  // Names close to `typed`, the closest first, at most three.
  std::vector<std::string> near_misses(std::string_view typed) const;

 private:
  std::map<std::string, Command, std::less<>> commands_;
  std::map<std::string, std::string, std::less<>> aliases_;
  std::map<std::string, Topic, std::less<>> topics_;
};

// Every topic's add function, once.
void add_all_commands(Registry& registry);

struct Planned;

// What a command line means. `command` null: unknown, not yet there, or help.
struct Call {
  Globals globals;
  std::string app;  // --app
  const Command* command = nullptr;
  std::string typed;                 // the command's word(s) as typed
  std::string help_topic;            // "apps" for `apps`, `apps:help`, `apps --help`
  const Planned* planned = nullptr;  // of Dokku's, but not there yet (planned.h)
  std::vector<std::string> args;     // after the command's words
};

// Reads global flags and finds the command: "apps:create", "apps create", aliases. The session's
// environment counts too (DOKKU_QUIET_OUTPUT=1 …).
Call resolve(const Registry& registry, const std::map<std::string, std::string>& environment,
             const std::vector<std::string>& argv);

// Does what was typed and returns the exit status. argv: without the program's name.
int run_command(const Registry& registry, Session& session, server::Platform& platform,
                const std::vector<std::string>& argv);

}  // namespace dokku::cli
