#include <ctime>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"

namespace dokku::cli {
namespace {

using server::App;
using server::AppName;

Result<AppName> name_argument(const Invocation& call) {
  if (call.args.empty() || call.args[0].empty()) {
    return fail(Errc::invalid_argument, "Please specify an app to run the command on");
  }
  AppName name = TRY(AppName::parse(call.args[0]));
  TRY(at_most(call, 1));
  return name;
}

Result<int> create(Invocation& call) {
  const AppName name = TRY(name_argument(call));
  const App app = TRY(call.platform.apps.create(name));
  call.print.info1_quiet("Creating " + name.str() + "...");
  call.print.info1("Creating new app virtual host file...");
  call.print.warn("No web listeners specified for " + name.str());
  record_event(call, app.name.str(), "");
  return 0;
}

Result<int> destroy(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  TRY(confirm_destruction(call, "application", app.name.str()));
  call.print.info1("Destroying " + app.name.str() + " (including all add-ons)");
  PrinterProgress progress(call);
  TRY(call.platform.apps.destroy(app, progress));
  call.print.info1("Cleaning up...");
  call.print.info1("Retiring old containers and images");
  record_event(call, app.name.str(), "");
  return 0;
}

Result<int> list(Invocation& call) {
  const std::string format = call.options.text("format", "stdout");
  if (format != "stdout" && format != "json") {
    return fail(Errc::invalid_argument,
                "Invalid format specified, supported formats: json, stdout");
  }
  const std::vector<App> apps = TRY(call.platform.apps.list());
  std::vector<std::string> names;
  for (const App& app : apps) names.push_back(app.name.str());
  if (format == "json") {
    call.print.line(json_list(names));
    return 0;
  }
  if (names.empty()) {
    call.print.warn("You haven't deployed any applications yet");
    return 0;
  }
  call.print.info2_quiet("My Apps");
  std::string lines;
  for (const std::string& name : names) lines += name + "\n";
  call.session.out(lines);
  return 0;
}

Result<int> exists(Invocation& call) {
  TRY(app_argument(call, 0, Missing::go));
  return 0;
}

Result<int> lock(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(call.platform.apps.set_locked(app, true));
  call.print.info1("Deploy lock created");
  record_event(call, app.name.str(), "");
  return 0;
}

Result<int> unlock(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  if (!app.locked) return fail(Errc::invalid_argument, "Unable to remove deploy lock");
  call.print.warn("A deploy may be in progress.");
  call.print.warn("Removing the app lock will not stop in progress deploys.");
  TRY(call.platform.apps.set_locked(app, false));
  call.print.info1("Deploy lock removed");
  record_event(call, app.name.str(), "");
  return 0;
}

Result<int> locked(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  if (!app.locked) return fail(Errc::invalid_argument, "Deploy lock does not exist");
  if (!call.globals.quiet) call.print.line("Deploy lock exists");
  return 0;
}

Result<int> set(Invocation& call) {
  if (call.args.empty()) return fail(Errc::invalid_argument, "No property specified");
  if (call.args[0] != "--global") {
    TRY(app_argument(call, 0, Missing::go));
    return fail(Errc::invalid_argument, "Property can only be specified globally");
  }
  TRY(at_most(call, 3));
  if (call.args.size() < 2) return fail(Errc::invalid_argument, "No property specified");
  if (call.args[1] == "deploy-source" || call.args[1] == "deploy-source-metadata") {
    return fail(Errc::invalid_argument, "Property cannot be specified globally");
  }
  if (call.args[1] != "disable-autocreation") {
    return fail(Errc::invalid_argument,
                "Invalid property specified, valid properties include: disable-autocreation");
  }
  const std::string value = call.args.size() > 2 ? call.args[2] : "";
  if (!value.empty() && value != "true" && value != "false") {
    return fail(Errc::invalid_argument, "Expected true or false");
  }
  TRY(call.platform.apps.set_autocreation_disabled(value == "true"));
  call.print.info2_quiet(value.empty() ? "Unsetting disable-autocreation"
                                       : "Setting disable-autocreation to " + value);
  record_event(call, "", "disable-autocreation");
  return 0;
}

std::string seconds_of(WallTime time) {
  return std::to_string(std::chrono::system_clock::to_time_t(time));
}

Result<ReportValues> report_values(Invocation& call, const App& app) {
  const server::AppReport report = TRY(call.platform.apps.report(app));
  return ReportValues{{"app-created-at", seconds_of(app.created_at)},
                      {"app-deploy-source", report.deploy_source},
                      {"app-deploy-source-metadata", report.deploy_source_metadata},
                      {"app-dir", report.dir},
                      {"app-locked", app.locked ? "true" : "false"},
                      {"app-global-disable-autocreation", report.global_disable_autocreation}};
}

Result<ReportValues> global_values(Invocation& call) {
  const std::string set = TRY(call.platform.apps.disable_autocreation());
  return ReportValues{{"app-global-disable-autocreation", set}};
}

}  // namespace

void add_apps_commands(Registry& registry) {
  const Flag force{"force", 'f', Flag::Kind::boolean, "do not ask"};
  const Flag format{"format", 0, Flag::Kind::text, "output format: [ stdout | json ]"};
  registry.add_topic({"apps", "Manage apps"});
  registry.add({.name = "apps",
                .description = "List your apps",
                .access = Access::reader,
                .run = list,
                .flags = {format},
                .hidden = true});
  registry.add({.name = "apps:create",
                .arguments = "<app>",
                .description = "Create a new app",
                .run = create,
                .aliases = {"create"}});
  registry.add({.name = "apps:destroy",
                .arguments = "[--force] <app>",
                .description = "Permanently destroy an app",
                .access = Access::admin,
                .run = destroy,
                .flags = {force},
                .aliases = {"delete"},
                .long_running = true});
  registry.add({.name = "apps:exists",
                .arguments = "<app>",
                .description = "Check if an app exists",
                .access = Access::reader,
                .run = exists});
  registry.add({.name = "apps:list",
                .arguments = "[--format stdout|json]",
                .description = "List your apps",
                .access = Access::reader,
                .run = list,
                .flags = {format}});
  registry.add({.name = "apps:lock",
                .arguments = "<app>",
                .description = "Lock an app for deployment",
                .run = lock});
  registry.add({.name = "apps:locked",
                .arguments = "<app>",
                .description = "Check if an app is locked for deployment",
                .access = Access::reader,
                .run = locked});
  registry.add(report_command(
      "apps:report",
      {.title = "app", .key_prefix = "app-", .of_app = report_values, .of_global = global_values},
      "Display a report about an app"));
  registry.add({.name = "apps:set",
                .arguments = "--global disable-autocreation [<value>]",
                .description = "Set or clear a property of all apps",
                .access = Access::admin,
                .run = set,
                .grammar = Grammar::words});
  registry.add({.name = "apps:unlock",
                .arguments = "<app>",
                .description = "Unlock an app for deployment",
                .run = unlock});
}

}  // namespace dokku::cli
