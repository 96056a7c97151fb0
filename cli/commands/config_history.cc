// What changed in a config, when and by whom, and the way back. Beyond Dokku.
#include <charconv>

#include "cli/commands/config_owner.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/times.h"

namespace dokku::cli {
namespace {

using server::ConfigDifference;
using server::ConfigOwner;
using server::ConfigStep;
using server::ConfigValues;

constexpr const char* kMask = "******";
constexpr int kShown = 20;

std::string keys_text(const ConfigStep& step) {
  std::string text;
  for (const std::string& key : step.set) text += (text.empty() ? "" : " ") + key;
  for (const std::string& key : step.unset) text += (text.empty() ? "-" : " -") + key;
  return text;
}

Result<bool> wants_json(const Invocation& call) {
  const std::string format = call.options.text("format", "stdout");
  if (format == "json") return true;
  if (format == "stdout") return false;
  return fail(Errc::invalid_argument, "Invalid format specified, supported formats: json, stdout");
}

Result<std::uint64_t> version_of(const std::string& text) {
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return version;
  return fail(Errc::invalid_argument, "Invalid version specified: " + server::printable(text) +
                                          "\nSee which there are: dokku config:history");
}

std::string title_of(const ConfigOwner& owner) { return owner.global() ? "global" : owner.name; }

Result<int> history(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  TRY(at_most(call, 0));
  const bool json = TRY(wants_json(call));
  const std::vector<ConfigStep> steps = TRY(call.platform.config.history(owner));
  const long most = call.options.number("num", kShown);
  std::vector<std::vector<std::string>> rows{{"version", "when", "who", "command", "keys"}};
  std::vector<std::map<std::string, std::string>> objects;
  for (const ConfigStep& step : steps) {
    if (static_cast<long>(objects.size()) >= most) break;
    const std::string number = std::to_string(step.version);
    const std::string when = call.print.time(step.at, call.platform.clock.wall());
    rows.push_back({number, when, step.who, step.command, keys_text(step)});
    objects.push_back({{"version", number},
                       {"at", iso_time(step.at)},
                       {"who", step.who},
                       {"command", step.command},
                       {"keys", keys_text(step)}});
  }
  if (json) {
    call.print.line(json_objects(objects));
    return 0;
  }
  call.print.info2_quiet(title_of(owner) + " config history");
  if (call.print.quiet() || steps.empty()) rows.erase(rows.begin());
  call.print.table(rows);
  return 0;
}

// One row per key that differs: what happened to it, and its value before and after.
std::vector<std::map<std::string, std::string>> changes_of(const ConfigDifference& difference,
                                                           bool shown) {
  std::vector<std::map<std::string, std::string>> rows;
  const ConfigValues keys = server::merged(difference.before, difference.after);
  for (const auto& [key, ignored] : keys) {
    const auto before = difference.before.find(key);
    const auto after = difference.after.find(key);
    const bool was = before != difference.before.end();
    const bool is = after != difference.after.end();
    rows.push_back({{"key", key},
                    {"change", !was ? "set"
                               : is ? "changed"
                                    : "unset"},
                    {"before", !was    ? ""
                               : shown ? before->second
                                       : kMask},
                    {"after", !is     ? ""
                              : shown ? after->second
                                      : kMask}});
  }
  return rows;
}

Result<int> diff(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  TRY(at_most(call, 2));
  const bool json = TRY(wants_json(call));
  const bool shown = call.options.has("show-values");
  if (shown && call.session.caller().kind != Caller::Kind::admin) {
    return fail(Errc::permission_denied, "Only an administrator may ask for the values");
  }
  std::optional<std::uint64_t> from;
  std::optional<std::uint64_t> to;
  if (!call.args.empty()) from = TRY(version_of(call.args[0]));
  if (call.args.size() > 1) to = TRY(version_of(call.args[1]));
  const ConfigDifference difference = TRY(call.platform.config.difference(owner, from, to));
  const auto rows = changes_of(difference, shown);
  if (json) {
    call.print.line(json_objects(rows));
    return 0;
  }
  call.print.info2_quiet(title_of(owner) + " config, version " + std::to_string(difference.from) +
                         " to " + std::to_string(difference.to));
  for (const auto& row : rows) {
    const std::string& change = row.at("change");
    std::string line = (change == "set" ? "+ " : change == "unset" ? "- " : "~ ") + row.at("key");
    if (change != "set") line += "  " + row.at("before");
    if (change == "changed") line += "  ->";
    if (change != "unset") line += "  " + row.at("after");
    call.print.line(line);
  }
  return 0;
}

Result<int> undo(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  TRY(at_most(call, 1));
  std::optional<std::uint64_t> version;
  if (!call.args.empty()) version = TRY(version_of(call.args[0]));
  const server::ConfigChange change =
      TRY(call.platform.config.undo(owner, version, config_actor(call)));
  if (change.keys.empty()) {
    call.print.info1("Nothing to undo: the values are the same");
    return 0;
  }
  const ConfigValues now = TRY(call.platform.config.values(owner));
  for (const std::string& key : change.keys) {
    call.print.info1((now.contains(key) ? "Restoring " : "Unsetting ") + key);
  }
  return follow_up_config(call, owner, change);
}

}  // namespace

void add_config_history_commands(Registry& registry) {
  const Flag global{"global", 0, Flag::Kind::boolean, "the config of all apps"};
  const Flag format{"format", 0, Flag::Kind::text, "output format: [ stdout | json ]"};
  registry.add(
      {.name = "config:diff",
       .arguments = "[--show-values] [--format stdout|json] (<app>|--global) "
                    "[<version> [<version>]]",
       .description = "Show which keys differ between two versions",
       .access = Access::reader,
       .run = diff,
       .flags = {global, format, {"show-values", 0, Flag::Kind::boolean, "for administrators"}}});
  registry.add(
      {.name = "config:history",
       .arguments = "[--num N] [--format stdout|json] (<app>|--global)",
       .description = "Show who changed which keys and when",
       .access = Access::reader,
       .run = history,
       .flags = {
           global, format, {"num", 'n', Flag::Kind::number, "how many changes, 20 by default"}}});
  registry.add({.name = "config:undo",
                .arguments = "[--no-restart] (<app>|--global) [<version>]",
                .description = "Take back the last change, or go back to a version",
                .run = undo,
                .flags = {global, {"no-restart", 0, Flag::Kind::boolean, "do not restart the app"}},
                .long_running = true});
}

}  // namespace dokku::cli
