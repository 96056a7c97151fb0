// logs: what an app's processes printed, with -t what they print, and how much of it is kept.
#include "cli/commands/arguments.h"
#include "cli/commands/log_lines.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "server/deploy/failed_output.h"
#include "server/deploy/log_limits.h"
#include "server/logs/limits.h"
#include "server/logs/segments.h"

namespace dokku::cli {
namespace {

using server::App;

Result<int> logs(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const bool deployed = TRY(call.platform.apps.deployed(app));
  if (!deployed) {
    return fail(Errc::conflict, "App " + app.name.str() + " has not been deployed");
  }
  server::LogQuery query;
  query.app_dir = call.platform.instance.logs_dir() / app.name.str();
  return print_logs(call, std::move(query));
}

// --- logs:failed

Result<bool> print_failed(Invocation& call, const App& app) {
  const auto output = server::failed_output(call.platform.instance, app);
  if (!output) return false;
  call.print.info2_quiet(app.name.str() + " failed deploy logs");
  call.session.out(*output);
  return true;
}

Result<int> failed(Invocation& call) {
  bool found = false;
  if (call.options.has("all")) {
    const std::vector<App> apps = TRY(call.platform.apps.list());
    for (const App& app : apps) {
      const bool one = TRY(print_failed(call, app));
      found = found || one;
    }
  } else {
    const App app = TRY(app_argument(call, 0, Missing::go));
    found = TRY(print_failed(call, app));
  }
  if (!found) call.print.warn("No failed containers found");
  return 0;
}

// --- logs:set, logs:report

PropertyParser log_size() {
  return [](const std::string& typed) -> Result<std::string> {
    if (server::parse_log_size(typed)) return typed;
    return fail(Errc::invalid_argument, "It is a size (20m, 1g) or unlimited");
  };
}

// Loggers see it when they begin their next segment.
Result<> apply_to_loggers(Invocation& call, const PropertyTarget& target) {
  server::Platform& platform = call.platform;
  if (target.app != nullptr) {
    return server::apply_log_limits(platform.instance, platform.store, *target.app);
  }
  const std::vector<App> apps = TRY(platform.apps.list());
  for (const App& app : apps) {
    TRY(server::apply_log_limits(platform.instance, platform.store, app));
  }
  return {};
}

Result<> trim_now(Invocation& call, const PropertyTarget&) {
  const std::uint64_t budget = server::logs_budget(call.platform.store);
  if (budget != server::kLogsUnlimited) {
    TRY(server::trim_logs(call.platform.instance.logs_dir(), budget));
  }
  return {};
}

// Of Dokku's: where else logs go.
Result<std::string> no_vector(const std::string&) {
  return fail(Errc::invalid_argument,
              "Logs are not sent elsewhere yet; they are here: dokku logs APP");
}

const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "logs",
      .properties = {
          {.name = "budget",
           .fallback = server::kLogsBudgetDefault,
           .parse = log_size(),
           .scope = Property::Scope::global,
           .effect = trim_now},
          {.name = "max-size", .fallback = "10m", .parse = log_size(), .effect = apply_to_loggers},
          {.name = "app-label-alias", .parse = no_vector, .hidden = true},
          {.name = "vector-cron-sink", .parse = no_vector, .hidden = true},
          {.name = "vector-image", .parse = no_vector, .hidden = true},
          {.name = "vector-networks", .parse = no_vector, .hidden = true},
          {.name = "vector-sink", .parse = no_vector, .hidden = true}}};
  return kTable;
}

}  // namespace

void add_logs_commands(Registry& registry) {
  registry.add_topic({"logs", "Manage log integration for an app: the output of its processes"});
  registry.add({.name = "logs:failed",
                .arguments = "[--all] [<app>]",
                .description = "Show what the processes of the last failed deploy printed",
                .access = Access::reader,
                .run = failed,
                .flags = {{"all", 'a', Flag::Kind::boolean, "of all apps"}}});
  registry.add(report_command("logs:report",
                              {.title = "logs", .key_prefix = "logs-", .properties = &table()},
                              "Displays a logs report for one or more apps"));
  registry.add(set_command(table(), "Set or clear a logs property for an app"));
  registry.add({.name = "logs",
                .arguments = "[-t|--tail] [-n|--num N] [-p|--ps <type>] [-q|--quiet] <app>",
                .description = "Show the last lines that an app printed, or follow them",
                .access = Access::reader,
                .run = logs,
                .flags = log_flags(),
                .long_running = true});
}

}  // namespace dokku::cli
