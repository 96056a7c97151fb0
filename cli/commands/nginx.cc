// Dokku's names of the proxy that it had: what they set is our proxy's.
#include "cli/commands/arguments.h"
#include "cli/commands/proxy_logs.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/commands/ways.h"
#include "server/certificates/certificate.h"
#include "server/deploy/proxy_settings.h"
#include "server/platform/routing.h"

namespace dokku::cli {
namespace {

using server::App;

// Each setting was checked when it was set, by the program of then; a certificate ends.
Result<int> validate_app(Invocation& call, const App& app) {
  const auto read = [&](server::ReadTx& tx) { return server::route_spec(tx, app); };
  const server::RouteSpec spec = TRY(call.platform.store.read(read));
  int wrong = 0;
  for (const server::ProxyProperty& known : server::proxy_properties()) {
    const auto set = spec.settings.find(known.name);
    proxy::Settings scratch;
    if (set == spec.settings.end() || known.apply(scratch, set->second)) continue;
    call.print.warn(app.name.str() + ": " + known.name + " is not " + known.expected);
    ++wrong;
  }
  if (spec.certificate.empty()) return wrong;
  const auto checked = server::check_key_pair(spec.certificate);
  if (checked) return wrong;
  call.print.warn(app.name.str() + ": " + checked.error().message());
  return wrong + 1;
}

Result<int> validate(Invocation& call) {
  std::vector<App> apps;
  if (!call.args.empty() && call.args[0] != "--clean") {
    const App app = TRY(app_argument(call, 0, Missing::bash));
    apps.push_back(app);
  } else {
    apps = TRY(call.platform.apps.list());
  }
  int wrong = 0;
  for (const App& app : apps) {
    const int found = TRY(validate_app(call, app));
    wrong += found;
  }
  return wrong == 0 ? 0 : 1;
}

}  // namespace

void add_nginx_commands(Registry& registry) {
  registry.add_topic({"nginx", "Manage the nginx proxy (here our own, by its old names)"});
  registry.add(proxy_log_command("nginx:access-logs", server::AccessLogKind::access, Missing::bash,
                                 "Show the last requests to an app, or follow them"));
  registry.add(proxy_log_command("nginx:error-logs", server::AccessLogKind::error, Missing::bash,
                                 "Show the last requests that failed, or follow them"));
  registry.add(report_command(
      "nginx:report",
      {.title = "nginx", .key_prefix = "nginx-", .properties = &proxy_settings_table()},
      "Displays a report of the proxy's settings for one or more apps"));
  registry.add(set_command(proxy_settings_table(), "Set or clear a setting of the proxy"));
  registry.add({.name = "nginx:show-config",
                .arguments = "<app>",
                .description = "Show what the proxy is told of an app",
                .access = Access::reader,
                .run = [](Invocation& call) { return show_ways(call, Missing::bash); },
                .grammar = Grammar::words,
                .aliases = {"nginx:show-conf"}});
  registry.add({.name = "nginx:validate-config",
                .arguments = "[<app>] [--clean]",
                .description = "Check what is set of the proxy, of one app or of all",
                .access = Access::reader,
                .run = validate,
                .grammar = Grammar::words,
                .aliases = {"nginx:validate"}});
}

}  // namespace dokku::cli
