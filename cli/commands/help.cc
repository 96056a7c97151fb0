#include "cli/commands/help.h"

#include <algorithm>

#include "cli/commands/examples.h"
#include "cli/commands/flags.h"
#include "cli/commands/planned.h"
#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// Four spaces, the first column padded, the second.
void print_rows(Printer& print, const Rows& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  for (const auto& [left, right] : rows) {
    print.line("    " + left + std::string(width - left.size() + 2, ' ') + right);
  }
}

// As they are typed.
void print_examples(Printer& print, const std::vector<std::string>& examples) {
  if (examples.empty()) return;
  print.line("");
  print.line(examples.size() == 1 ? "Example:" : "Examples:");
  print.line("");
  for (const std::string& example : examples) print.line("    dokku " + example);
}

std::string call_of(const Command& command) {
  return command.arguments.empty() ? command.name : command.name + " " + command.arguments;
}

// Topics, and the commands that belong to none.
Rows main_rows(const Registry& registry) {
  Rows rows;
  for (const auto& [name, topic] : registry.topics()) rows.emplace_back(name, topic.description);
  for (const auto& [name, command] : registry.commands()) {
    const bool of_topic = registry.topic(name.substr(0, name.find(':'))) != nullptr;
    if (!command.hidden && !of_topic) rows.emplace_back(name, command.description);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

Rows all_rows(const Registry& registry) {
  Rows rows;
  for (const auto& [name, command] : registry.commands()) {
    if (!command.hidden) rows.emplace_back(call_of(command), command.description);
  }
  return rows;
}

Result<int> help(Invocation& call) {
  if (!call.args.empty() && call.registry.topic(call.args[0]) != nullptr) {
    return print_topic_help(call.print, call.registry, call.args[0]);
  }
  if (!call.args.empty() && call.registry.find(call.args[0]) != nullptr) {
    return print_command_help(call.print, *call.registry.find(call.args[0]));
  }
  if (!call.args.empty()) return say_unknown(call.print, call.registry, call.args[0]);
  call.print.line(
      "Usage: dokku [--quiet|--trace|--force] COMMAND <app> [command-specific-options]");
  call.print.line("");
  call.print.line(
      "Primary help options, type \"dokku COMMAND:help\" for more details, or dokku help "
      "--all to see all commands.");
  call.print.line("");
  call.print.line("Commands:");
  call.print.line("");
  print_rows(call.print,
             call.options.has("all") ? all_rows(call.registry) : main_rows(call.registry));
  return 0;
}

Result<int> version(Invocation& call) {
  call.print.line("dokku version " + std::string(version_number()));
  return 0;
}

}  // namespace

int say_unknown(Printer& print, const Registry& registry, const std::string& typed) {
  if (const Planned* planned = find_planned(typed)) return say_not_yet(print, typed, *planned);
  print.warn("`" + server::printable(typed) + "` is not a dokku command.");
  print.warn("See `dokku help` for a list of available commands.");
  std::string names;
  for (const std::string& name : registry.near_misses(typed.substr(0, typed.find(' ')))) {
    names += (names.empty() ? "" : ", ") + name;
  }
  if (!names.empty()) print.warn("Did you mean: " + names + "?");
  return 1;
}

int print_topic_help(Printer& print, const Registry& registry, const std::string& topic) {
  print.line("Usage: dokku " + topic + "[:COMMAND]");
  print.line("");
  print.line(registry.topic(topic)->description);
  print.line("");
  print.line("Additional commands:");
  print.line("");
  Rows rows;
  std::vector<std::string> examples;
  for (const auto& [name, command] : registry.commands()) {
    const bool ours = name == topic || name.rfind(topic + ":", 0) == 0;
    if (!ours || command.hidden) continue;
    rows.emplace_back(call_of(command), command.description);
    for (std::string& example : examples_of(command)) examples.push_back(std::move(example));
  }
  print_rows(print, rows);
  print_examples(print, examples);
  return 0;
}

int print_command_help(Printer& print, const Command& command) {
  print.line("Usage: dokku " + call_of(command));
  print.line("");
  print.line(command.description);
  if (!command.flags.empty()) {
    print.line("");
    std::string usage = flag_usage(command);
    usage.erase(0, usage.find('\n') + 1);
    usage.pop_back();
    print.line("Flags:\n" + usage);
  }
  print_examples(print, examples_of(command));
  return 0;
}

void add_help_commands(Registry& registry) {
  registry.add({.name = "help",
                .arguments = "[--all] [<topic>]",
                .description = "Print the list of commands",
                .access = Access::reader,
                .run = help,
                .flags = {{"all", 'a', Flag::Kind::boolean, "every command, not only topics"}}});
  registry.add({.name = "version",
                .description = "Print dokku's version",
                .access = Access::reader,
                .run = version});
}

}  // namespace dokku::cli
