// ps: starting, stopping and looking at the processes of apps.
#include "cli/commands/all_apps.h"
#include "cli/commands/arguments.h"
#include "cli/commands/ps_settings.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "server/deploy/deploys.h"

namespace dokku::cli {
namespace {

using server::App;
using server::InstanceSeen;

server::Actor actor(const Invocation& call) { return {.by = call.who, .why = call.command}; }

server::Deploys& deploys(Invocation& call) { return *call.platform.deploys; }

// Dokku warns and is content when there is nothing that could be restarted or stopped.
Result<bool> warns_not_deployed(Invocation& call, const App& app) {
  const bool can_start = TRY(deploys(call).can_start(app));
  if (!can_start) call.print.warn("App " + app.name.str() + " has not been deployed");
  return !can_start;
}

Result<> restart_app(Invocation& call, const App& app) {
  const bool nothing = TRY(warns_not_deployed(call, app));
  if (nothing) return {};
  PrinterProgress progress(call);
  if (call.args.size() > 1) {
    return deploys(call).restart_type(app, call.args[1], actor(call), progress);
  }
  return deploys(call).deploy_newest(app, actor(call), progress);
}

Result<> rebuild_app(Invocation& call, const App& app) {
  const bool can_start = TRY(deploys(call).can_start(app));
  if (!can_start) {
    const server::GitReport git = TRY(call.platform.git.report(app.id));
    call.print.info1("WARNING: Cannot build from '" + git.computed.at("deploy-branch") +
                     "' as there are no commits stored at that branch.");
    return fail(Errc::conflict,
                "Nothing was pushed to " + app.name.str() + " yet\nPush it: git push dokku main");
  }
  PrinterProgress progress(call);
  return deploys(call).rebuild(app, actor(call), progress);
}

Result<> stop_app(Invocation& call, const App& app) {
  const bool nothing = TRY(warns_not_deployed(call, app));
  if (nothing) return {};
  call.print.info1_quiet("Stopping " + app.name.str());
  PrinterProgress progress(call);
  return deploys(call).stop(app, actor(call), progress);
}

Result<> start_app(Invocation& call, const App& app) {
  const bool nothing = TRY(warns_not_deployed(call, app));
  if (nothing) return {};
  const server::ProcessReport report = TRY(deploys(call).report(app));
  if (!app.stopped && !report.instances.empty()) {
    call.print.warn("App " + app.name.str() + " already running");
    return {};
  }
  call.print.warn("App has been detected as not running, releasing");
  PrinterProgress progress(call);
  return deploys(call).deploy_newest(app, actor(call), progress);
}

// Whatever waits for its back-off to end is tried now.
Result<> restore_app(Invocation& call, const App& app) {
  const bool deployed = TRY(call.platform.apps.deployed(app));
  if (!deployed) {
    if (!call.args.empty()) TRY(warns_not_deployed(call, app));
    return {};
  }
  const server::ProcessReport report = TRY(deploys(call).report(app));
  if (app.stopped || (!report.restored && report.instances.empty())) {
    const char* const why = app.stopped ? "it was stopped by ps:stop" : "ps:set restore is false";
    call.print.warn("Skipping " + app.name.str() + ": " + why + "\nStart it: dokku ps:start " +
                    app.name.str());
    return {};
  }
  call.print.info1("Starting app " + app.name.str());
  call.platform.executor->retry_now(app.name.str());
  return {};
}

Result<int> restart(Invocation& call) {
  if (!call.options.has("all")) TRY(at_most(call, 2));
  return for_apps(call, "restart", Missing::go, restart_app);
}
Result<int> rebuild(Invocation& call) {
  return for_apps(call, "rebuild", Missing::go, rebuild_app);
}
Result<int> stop(Invocation& call) { return for_apps(call, "stop", Missing::go, stop_app); }
Result<int> start(Invocation& call) { return for_apps(call, "start", Missing::go, start_app); }

Result<int> restore(Invocation& call) {
  if (!call.args.empty()) return for_apps(call, "restore", Missing::go, restore_app);
  const std::vector<App> apps = TRY(call.platform.apps.list());
  for (const App& app : apps) TRY(restore_app(call, app));
  return 0;
}

// --- containers ----------------------------------------------------------------------------------

// What the runtime knows of them, without values of config.
Result<int> inspect(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const server::ProcessReport report = TRY(deploys(call).report(app));
  std::vector<std::map<std::string, std::string>> rows;
  for (const InstanceSeen& one : report.instances) {
    rows.push_back({{"name", one.container},
                    {"process_type", one.type},
                    {"index", std::to_string(one.index)},
                    {"release", std::to_string(one.release)},
                    {"state", process_word(one)},
                    {"address", one.address},
                    {"port", one.type == "web" ? std::to_string(one.port) : ""},
                    {"pid", std::to_string(one.pid)},
                    {"restarts", std::to_string(one.restarts)},
                    {"failure", one.failure ? one.failure->explanation : ""}});
  }
  call.print.line(json_objects(rows));
  return 0;
}

// Nothing waits for this command: what is no longer wanted is ended as it happens.
Result<int> retire(Invocation& call) {
  TRY(at_most(call, 0));
  call.print.info1_quiet("Retiring old containers and images");
  call.print.info1_quiet("Retiring expired run containers");
  return 0;
}

}  // namespace

void add_ps_commands(Registry& registry) {
  registry.add_topic({"ps", "Manage app processes"});
  registry.add({.name = "ps:inspect",
                .arguments = "<app>",
                .description = "Displays the containers of an app as JSON",
                .access = Access::reader,
                .run = inspect});
  registry.add({.name = "ps:rebuild",
                .arguments = "[--all] [--parallel N] [<app>]",
                .description = "Rebuilds an app from its kept source",
                .run = rebuild,
                .flags = all_apps_flags(),
                .aliases = {"rebuild"},
                .long_running = true});
  registry.add({.name = "ps:restart",
                .arguments = "[--all] [--parallel N] [<app>] [<type>]",
                .description = "Restart an app, or its processes of one type",
                .run = restart,
                .flags = all_apps_flags(),
                .aliases = {"deploy"},
                .long_running = true});
  registry.add({.name = "ps:restore",
                .arguments = "[--all] [--parallel N] [<app>]",
                .description = "Start previously running apps, e.g. after a reboot",
                .run = restore,
                .flags = all_apps_flags()});
  registry.add({.name = "ps:retire",
                .description = "Remove containers that are no longer wanted",
                .run = retire});
  registry.add({.name = "ps:start",
                .arguments = "[--all] [--parallel N] [<app>]",
                .description = "Start an app",
                .run = start,
                .flags = all_apps_flags(),
                .long_running = true});
  registry.add({.name = "ps:stop",
                .arguments = "[--all] [--parallel N] [<app>]",
                .description = "Stop an app",
                .run = stop,
                .flags = all_apps_flags(),
                .long_running = true});
  add_ps_settings_commands(registry);
}

}  // namespace dokku::cli
