#include "cli/commands/config_bundle.h"
#include "cli/commands/config_formats.h"
#include "cli/commands/config_owner.h"
#include "cli/commands/help.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/report.h"
#include "server/model/base64.h"
#include "server/model/env_file.h"

namespace dokku::cli {
namespace {

using server::ConfigChange;
using server::ConfigOwner;
using server::ConfigValues;

constexpr std::size_t kImportMax = 2 << 20;

Result<int> show(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  const ConfigValues values = TRY(call.options.has("merged") ? call.platform.config.merged(owner)
                                                             : call.platform.config.values(owner));
  call.print.info2_quiet((owner.global() ? "global" : owner.name) + " env vars");
  if (values.empty()) call.print.line("");
  for (const std::string& row : aligned_rows({values.begin(), values.end()})) call.print.line(row);
  return 0;
}

Result<int> get(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  if (call.args.empty()) return fail(Errc::invalid_argument, "Expected: key");
  TRY(at_most(call, 1));
  std::optional<std::string> value = TRY(call.platform.config.value(owner, call.args[0]));
  if (!value && !owner.global()) {
    value = TRY(call.platform.git.revision_in(owner.id, call.args[0]));
  }
  if (!value) return 1;
  call.print.line(call.options.has("quoted") ? server::shell_quoted(*value) : *value);
  return 0;
}

Result<ConfigValues> read_pairs(const Invocation& call) {
  if (call.args.empty()) {
    return fail(Errc::invalid_argument, "At least one env pair must be given");
  }
  ConfigValues values;
  for (const std::string& word : call.args) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      return fail(Errc::invalid_argument, "Invalid env pair: " + server::printable(word));
    }
    const server::ConfigKey key = TRY(server::ConfigKey::parse(word.substr(0, equals)));
    std::string value = word.substr(equals + 1);
    if (call.options.has("encoded")) {
      const Result<std::string> decoded = server::base64_decode(value);
      if (!decoded) {
        return fail(Errc::invalid_argument, "The value of " + key.str() + " is not base64");
      }
      value = *decoded;
    }
    TRY(server::check_config_value(key.str(), value));
    values[key.str()] = std::move(value);
  }
  return values;
}

Result<int> set(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  const ConfigValues values = TRY(read_pairs(call));
  const ConfigChange change = TRY(call.platform.config.set(owner, values, config_actor(call)));
  call.print.info1_quiet("Setting config vars");
  for (const std::string& row : aligned_rows({values.begin(), values.end()})) {
    call.print.verbose_quiet(row);
  }
  return follow_up_config(call, owner, change);
}

Result<int> unset(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  if (call.args.empty()) return fail(Errc::invalid_argument, "At least one key must be given");
  std::set<std::string> keys;
  for (const std::string& word : call.args) {
    const server::ConfigKey key = TRY(server::ConfigKey::parse(word));
    keys.insert(key.str());
  }
  const ConfigChange change = TRY(call.platform.config.unset(owner, keys, config_actor(call)));
  const std::set<std::string> gone(change.keys.begin(), change.keys.end());
  for (const std::string& key : call.args) {
    if (gone.count(key) != 0) {
      call.print.info1("Unsetting " + key);
    } else {
      call.print.info1("Skipping " + key + ", it is not set in the environment");
    }
  }
  return follow_up_config(call, owner, change);
}

Result<int> clear(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  TRY(at_most(call, 0));
  const ConfigChange change = TRY(call.platform.config.replace(owner, {}, config_actor(call)));
  for (const std::string& key : change.keys) call.print.info1("Unsetting " + key);
  return follow_up_config(call, owner, change);
}

Result<int> keys(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  const ConfigValues values = TRY(call.options.has("merged") ? call.platform.config.merged(owner)
                                                             : call.platform.config.values(owner));
  for (const auto& [key, value] : values) call.print.line(key);
  return 0;
}

Result<int> export_all(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  const ConfigValues values = TRY(call.options.has("merged") ? call.platform.config.merged(owner)
                                                             : call.platform.config.values(owner));
  const std::string text = TRY(export_config(values, call.options.text("format", "exports")));
  call.session.out(text);
  return 0;
}

Result<int> bundle(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  TRY(at_most(call, 0));
  const ConfigValues values = TRY(call.options.has("merged") ? call.platform.config.merged(owner)
                                                             : call.platform.config.values(owner));
  call.session.out(config_bundle(values));
  return 0;
}

// `config` alone explains the topic, `config APP` shows; `--shell` is of 2013.
Result<int> bare(Invocation& call) {
  if (call.args.empty() && !call.options.has("global")) {
    return print_topic_help(call.print, call.registry, "config");
  }
  if (!call.options.has("shell")) return show(call);
  const ConfigOwner owner = TRY(take_config_owner(call));
  const ConfigValues values = TRY(call.platform.config.values(owner));
  const std::string text = TRY(export_config(values, "shell"));
  call.print.line(text);
  return 0;
}

Result<std::string> read_source(Invocation& call) {
  if (call.args.empty() || call.args[0] == "-") {
    call.print.info1("Reading config vars from stdin");
    return call.session.read_stdin(kImportMax);
  }
  call.print.info1("Reading config vars from " + server::printable(call.args[0]));
  return read_named_file(call, call.args[0], kImportMax);
}

Result<int> import(Invocation& call) {
  const ConfigOwner owner = TRY(take_config_owner(call));
  TRY(at_most(call, 1));
  const std::string text = TRY(read_source(call));
  const ConfigValues values = TRY(import_config(text, call.options.text("format", "envfile")));
  if (values.empty()) return fail(Errc::invalid_argument, "No config vars to set");
  const ConfigChange change = TRY(
      call.options.has("replace") ? call.platform.config.replace(owner, values, config_actor(call))
                                  : call.platform.config.set(owner, values, config_actor(call)));
  for (const auto& [key, value] : values) {
    // In one piece: a value's second line is no step of ours.
    call.print.line("-----> Setting config var " + key + "=" + value);
  }
  return follow_up_config(call, owner, change);
}

const Flag kGlobal{"global", 0, Flag::Kind::boolean, "the config of all apps"};
const Flag kMerged{"merged", 0, Flag::Kind::boolean, "with the global values that apply"};
const Flag kNoRestart{"no-restart", 0, Flag::Kind::boolean, "do not restart the app"};

void add_reading(Registry& registry) {
  const Flag format{"format", 0, Flag::Kind::text, "see the documentation for the nine formats"};
  registry.add({.name = "config",
                .arguments = "[<app>]",
                .description = "Pretty-print an app or global environment",
                .access = Access::secrets,
                .run = bare,
                .flags = {kGlobal,
                          kMerged,
                          {"shell", 0, Flag::Kind::boolean, "as of old: one line for a shell"}},
                .hidden = true});
  registry.add({.name = "config:bundle",
                .arguments = "[--merged] (<app>|--global)",
                .description = "Write the environment as a tar, a file per key",
                .access = Access::secrets,
                .run = bundle,
                .flags = {kGlobal, kMerged}});
  registry.add({.name = "config:export",
                .arguments = "[--format <format>] [--merged] (<app>|--global)",
                .description = "Export a global or app environment",
                .access = Access::secrets,
                .run = export_all,
                .flags = {kGlobal, kMerged, format}});
  registry.add({.name = "config:get",
                .arguments = "[--quoted] (<app>|--global) <key>",
                .description = "Display a global or app-specific config value",
                .access = Access::secrets,
                .run = get,
                .flags = {kGlobal, {"quoted", 0, Flag::Kind::boolean, "quoted for a shell"}}});
  registry.add({.name = "config:keys",
                .arguments = "[--merged] (<app>|--global)",
                .description = "Show keys set in environment",
                .access = Access::reader,
                .run = keys,
                .flags = {kGlobal, kMerged}});
  registry.add({.name = "config:show",
                .arguments = "[--merged] (<app>|--global)",
                .description = "Show keys and values set in environment",
                .access = Access::secrets,
                .run = show,
                .flags = {kGlobal, kMerged}});
}

void add_changing(Registry& registry) {
  const Flag format{"format", 0, Flag::Kind::text, "input format: [ envfile | json ]"};
  registry.add({.name = "config:clear",
                .arguments = "[--no-restart] (<app>|--global)",
                .description = "Clear environment variables",
                .run = clear,
                .flags = {kGlobal, kNoRestart},
                .long_running = true});
  registry.add({.name = "config:import",
                .arguments = "[--replace] [--no-restart] [--format envfile|json] (<app>|--global) "
                             "[<file>|-]",
                .description = "Import environment variables from a file or stdin",
                .run = import,
                .flags = {kGlobal,
                          kNoRestart,
                          format,
                          {"replace", 0, Flag::Kind::boolean, "unset what is not in the file"}},
                .long_running = true});
  registry.add(
      {.name = "config:set",
       .arguments = "[--encoded] [--no-restart] (<app>|--global) KEY1=VALUE1 [KEY2=VALUE2 "
                    "...]",
       .description = "Set one or more config vars",
       .run = set,
       .flags = {kGlobal, kNoRestart, {"encoded", 0, Flag::Kind::boolean, "values are base64"}},
       .long_running = true});
  registry.add({.name = "config:unset",
                .arguments = "[--no-restart] (<app>|--global) KEY1 [KEY2 ...]",
                .description = "Unset one or more config vars",
                .run = unset,
                .flags = {kGlobal, kNoRestart},
                .long_running = true});
}

}  // namespace

void add_config_commands(Registry& registry) {
  registry.add_topic({"config", "Manage global and app-specific config vars"});
  add_reading(registry);
  add_changing(registry);
}

}  // namespace dokku::cli
