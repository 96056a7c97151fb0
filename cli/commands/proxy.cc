#include <algorithm>
#include <array>

#include "cli/commands/all_apps.h"
#include "cli/commands/arguments.h"
#include "cli/commands/proxy_logs.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/commands/ways.h"

namespace dokku::cli {
namespace {

using server::App;

constexpr long kPortMax = 65535;

Result<> switch_app(Invocation& call, const App& app, bool on) {
  const bool disabled = TRY(call.platform.ports.disabled(app));
  if (disabled != on) {
    // "disable", as Dokku has it.
    call.print.info1(std::string("Proxy is already ") + (on ? "enabled" : "disable") + " for app");
    return {};
  }
  call.print.info1(std::string(on ? "Enabling" : "Disabling") + " proxy for app");
  TRY(call.platform.ports.set_disabled(app, !on));
  record_event(call, app.name.str(), "");
  return follow_ways(call, app);
}

Result<int> enable(Invocation& call) {
  return for_apps(call, "enable", Missing::go,
                  [](Invocation& one, const App& app) { return switch_app(one, app, true); });
}

Result<int> disable(Invocation& call) {
  return for_apps(call, "disable", Missing::go,
                  [](Invocation& one, const App& app) { return switch_app(one, app, false); });
}

// Routes are made of what is set, at each change: to build them is to send them again.
Result<int> build(Invocation& call) {
  return for_apps(call, "build-config", Missing::go,
                  [](Invocation& one, const App& app) { return follow_ways(one, app); });
}

Result<int> clear(Invocation& call) {
  return for_apps(call, "clear-config", Missing::go, [](Invocation& one, const App& app) {
    one.print.warn("There is no file to clear: the routes of " + app.name.str() +
                   " are what is set");
    return follow_ways(one, app);
  });
}

Result<std::string> proxy_type(const std::string& typed) {
  if (typed == "nginx") return typed;
  return fail(Errc::invalid_argument, "The one proxy is built in; its type is nginx");
}

const PropertyTable& own_table() {
  static const PropertyTable kTable{
      .topic = "proxy",
      .properties = {
          {.name = "type", .fallback = "nginx", .parse = proxy_type},
          {.name = "proxy-port", .parse = number_between(1, kPortMax), .effect = follow_ways_of},
          {.name = "proxy-ssl-port",
           .parse = number_between(1, kPortMax),
           .effect = follow_ways_of}}};
  return kTable;
}

bool is_setting(const std::string& name) {
  const auto& all = proxy_settings_table().properties;
  return std::any_of(all.begin(), all.end(),
                     [&](const Property& each) { return each.name == name; });
}

// proxy:set APP disabled true|false
Result<int> set_disabled(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 3));
  const std::string value = call.args.size() > 2 ? call.args[2] : "";
  if (!value.empty() && value != "true" && value != "false") {
    return fail(Errc::invalid_argument, "Invalid disabled specified\nIt is one of: true, false");
  }
  TRY(call.platform.ports.set_disabled(app, value == "true"));
  call.print.info2_quiet(value.empty() ? "Unsetting disabled" : "Setting disabled to " + value);
  record_event(call, app.name.str(), "disabled");
  TRY(follow_ways(call, app));
  return 0;
}

Result<int> set(Invocation& call) {
  if (call.args.size() > 1) {
    const std::string& key = call.args[1];
    if (key == "disabled" && call.args[0] != "--global") return set_disabled(call);
    if (is_setting(key)) return run_set(call, proxy_settings_table());
    // The old form: a type alone.
    constexpr std::array kTypes{"nginx", "caddy", "haproxy", "openresty", "traefik"};
    const bool type = std::find(kTypes.begin(), kTypes.end(), key) != kTypes.end();
    if (call.args.size() == 2 && type) call.args = {call.args[0], "type", key};
    if (call.args.size() == 2 && key.find(':') != std::string::npos) {
      TRY(app_argument(call, 0, Missing::go));
      return fail(Errc::invalid_argument,
                  "Detected potential port mapping instead of proxy type\n"
                  "Consider using ports:set command or specifying a valid proxy");
    }
  }
  return run_set(call, own_table());
}

Result<ReportValues> values(Invocation& call, const App& app) {
  const bool disabled = TRY(call.platform.ports.disabled(app));
  return ReportValues{{"proxy-disabled", disabled ? "true" : ""},
                      {"proxy-computed-disabled", disabled ? "true" : "false"},
                      {"proxy-enabled", disabled ? "false" : "true"}};
}

Command for_app_or_all(std::string name, std::string description, Handler run) {
  return {.name = std::move(name),
          .arguments = "<app>|--all",
          .description = std::move(description),
          .run = std::move(run),
          .flags = all_apps_flags()};
}

}  // namespace

void add_proxy_commands(Registry& registry) {
  registry.add_topic({"proxy", "Manage the proxy integration for an app"});
  registry.add(for_app_or_all("proxy:build-config", "Give the proxy an app's routes again", build));
  registry.add(for_app_or_all("proxy:clear-config", "Give the proxy an app's routes anew", clear));
  registry.add(for_app_or_all("proxy:disable", "Disable proxy for app", disable));
  registry.add(for_app_or_all("proxy:enable", "Enable proxy for app", enable));
  registry.add(proxy_log_command("proxy:logs", server::AccessLogKind::access, Missing::go,
                                 "Show the last requests to an app, or follow them"));
  registry.add(report_command(
      "proxy:report",
      {.title = "proxy", .key_prefix = "proxy-", .of_app = values, .properties = &own_table()},
      "Displays a proxy report for one or more apps"));
  registry.add({.name = "proxy:set",
                .arguments = "<app>|--global <property> [<value>]",
                .description = "Set or clear a proxy property for an app",
                .run = set,
                .grammar = Grammar::words});
  registry.add({.name = "proxy:show-config",
                .arguments = "<app>",
                .description = "Show what the proxy is told of an app",
                .access = Access::reader,
                .run = [](Invocation& call) { return show_ways(call, Missing::go); }});
}

}  // namespace dokku::cli
