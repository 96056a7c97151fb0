#include <algorithm>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

using server::App;
using server::Domain;
using server::DomainOutcome;

std::string joined(const std::vector<Domain>& domains) {
  std::string text;
  for (const Domain& domain : domains) text += (text.empty() ? "" : " ") + domain.str();
  return text;
}

// The names from args[first] on. Checked before the app, as Dokku does.
Result<std::vector<Domain>> domain_arguments(const Invocation& call, std::size_t first,
                                             const std::string& usage) {
  if (call.args.size() <= first) {
    return fail(Errc::invalid_argument,
                "Please specify a domain name. Usage: dokku " + call.command + " " + usage);
  }
  std::vector<Domain> domains;
  for (std::size_t i = first; i < call.args.size(); ++i) {
    std::vector<Domain> typed = TRY(server::parse_domains(call.args[i]));
    for (Domain& domain : typed) {
      if (std::find(domains.begin(), domains.end(), domain) == domains.end()) {
        domains.push_back(std::move(domain));
      }
    }
  }
  return domains;
}

// Routes follow names at once; an app without a deployed release has none yet.
Result<int> follow_up(Invocation& call, const App& app, const std::string& detail) {
  record_event(call, app.name.str(), detail);
  const bool deployed = TRY(call.platform.apps.deployed(app));
  if (!deployed) {
    call.print.warn("No web listeners specified for " + app.name.str());
    return 0;
  }
  PrinterProgress progress(call);
  TRY(call.platform.domains.routes_changed(app, progress));
  return 0;
}

Result<int> add(Invocation& call) {
  const std::vector<Domain> domains =
      TRY(domain_arguments(call, 1, "<app> <domain> [<domain> ...]"));
  const App app = TRY(app_argument(call, 0, Missing::bash));
  const std::vector<DomainOutcome> outcomes = TRY(call.platform.domains.add(app, domains));
  for (const DomainOutcome& each : outcomes) {
    if (each.changed) {
      call.print.info1("Added " + each.domain.str() + " to " + app.name.str());
    } else {
      call.print.info1("Skipping: " + each.domain.str() + " already added to " + app.name.str());
    }
  }
  return follow_up(call, app, joined(domains));
}

Result<int> set(Invocation& call) {
  const std::vector<Domain> domains =
      TRY(domain_arguments(call, 1, "<app> <domain> [<domain> ...]"));
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(call.platform.domains.set(app, domains));
  call.print.info1("Set " + joined(domains) + " for " + app.name.str());
  return follow_up(call, app, joined(domains));
}

Result<int> remove(Invocation& call) {
  const std::vector<Domain> domains =
      TRY(domain_arguments(call, 1, "<app> <domain> [<domain> ...]"));
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(call.platform.domains.remove(app, domains));
  for (const Domain& domain : domains) {
    call.print.info1("Removed " + domain.str() + " from " + app.name.str());
  }
  return follow_up(call, app, joined(domains));
}

// For one app, or for each with --all.
Result<int> for_apps(Invocation& call, Result<int> (*each)(Invocation&, const App&)) {
  if (call.args.empty() || call.args[0] != "--all") {
    const App app = TRY(app_argument(call, 0, Missing::bash));
    TRY(at_most(call, 1));
    return each(call, app);
  }
  TRY(at_most(call, 1));
  const std::vector<App> apps = TRY(call.platform.apps.list());
  for (const App& app : apps) TRY(each(call, app));
  return 0;
}

Result<int> clear_app(Invocation& call, const App& app) {
  TRY(call.platform.domains.clear(app));
  call.print.info1("Cleared domains in " + app.name.str());
  return follow_up(call, app, "");
}

Result<int> reset_app(Invocation& call, const App& app) {
  TRY(call.platform.domains.reset(app));
  call.print.info1("Cleared domains in " + app.name.str());
  call.print.info1("Creating new app virtual host file...");
  call.print.info1("Reset domains for " + app.name.str());
  return follow_up(call, app, "");
}

Result<int> enable_app(Invocation& call, const App& app) {
  if (app.vhosts_enabled) {
    call.print.info1("Domains (VHOST) support is already enabled for app (" + app.name.str() + ")");
    return 0;
  }
  TRY(call.platform.domains.set_enabled(app, true));
  return follow_up(call, app, "");
}

Result<int> disable_app(Invocation& call, const App& app) {
  if (!app.vhosts_enabled) {
    call.print.info1("Domains (VHOST) support is already disabled for app (" + app.name.str() +
                     ")");
    return 0;
  }
  TRY(call.platform.domains.set_enabled(app, false));
  call.print.info1("App virtual host support disabled");
  return follow_up(call, app, "");
}

Result<int> add_global(Invocation& call) {
  const std::vector<Domain> domains = TRY(domain_arguments(call, 0, "<domain> [<domain> ...]"));
  TRY(call.platform.domains.add_global(domains));
  for (const Domain& domain : domains) call.print.info1("Added " + domain.str());
  record_event(call, "", joined(domains));
  return 0;
}

Result<int> set_global(Invocation& call) {
  const std::vector<Domain> domains = TRY(domain_arguments(call, 0, "<domain> [<domain> ...]"));
  TRY(call.platform.domains.set_global(domains));
  call.print.info1("Set " + joined(domains));
  record_event(call, "", joined(domains));
  return 0;
}

Result<int> remove_global(Invocation& call) {
  const std::vector<Domain> domains = TRY(domain_arguments(call, 0, "<domain> [<domain> ...]"));
  TRY(call.platform.domains.remove_global(domains));
  for (const Domain& domain : domains) call.print.info1("Removed " + domain.str());
  record_event(call, "", joined(domains));
  return 0;
}

Result<int> clear_global(Invocation& call) {
  TRY(call.platform.domains.set_global({}));
  call.print.info1("Clearing global domains");
  record_event(call, "", "");
  return 0;
}

// Ours: which address is shown for apps without a name, and which ports they get.
Result<int> set_property(Invocation& call) {
  if (call.args.empty() || call.args[0] != "--global") {
    return fail(Errc::invalid_argument, "Property can only be specified globally");
  }
  if (call.args.size() < 2) return fail(Errc::invalid_argument, "No property specified");
  TRY(at_most(call, 3));
  const std::string& key = call.args[1];
  const std::string value = call.args.size() > 2 ? call.args[2] : "";
  if (key == "shown-host") {
    TRY(call.platform.domains.set_shown_host(value));
  } else if (key == "port-range") {
    TRY(call.platform.domains.set_port_range(value));
  } else {
    return fail(Errc::invalid_argument,
                "Invalid property specified, valid properties include: port-range, shown-host");
  }
  call.print.info2_quiet(value.empty() ? "Unsetting " + key : "Setting " + key + " to " + value);
  record_event(call, "", key);
  return 0;
}

ReportValues global_values(const server::DomainsReport& report) {
  return {{"domains-global-enabled", report.global_enabled ? "true" : "false"},
          {"domains-global-vhosts", joined(report.global_vhosts)}};
}

Result<ReportValues> app_values(Invocation& call, const App& app) {
  const server::DomainsReport report = TRY(call.platform.domains.report(app));
  ReportValues values = global_values(report);
  values["domains-app-enabled"] = report.app_enabled ? "true" : "false";
  values["domains-app-vhosts"] = joined(report.app_vhosts);
  return values;
}

Result<ReportValues> report_global(Invocation& call) {
  const server::DomainsReport report = TRY(call.platform.domains.global_report());
  return global_values(report);
}

Result<int> report(Invocation& call) {
  return run_report(call, {"domains", "domains-", app_values, report_global});
}

Command words(std::string name, std::string arguments, std::string description, Handler run) {
  return {.name = std::move(name),
          .arguments = std::move(arguments),
          .description = std::move(description),
          .run = std::move(run),
          .grammar = Grammar::words};
}

}  // namespace

void add_domains_commands(Registry& registry) {
  const std::string some = "<domain> [<domain> ...]";
  registry.add_topic({"domains", "Manage domains used by the proxy"});
  registry.add(words("domains:add", "<app> " + some, "Add domains to app", add));
  registry.add(words("domains:add-global", some, "Add global domain names", add_global));
  registry.add(words("domains:clear", "<app>|--all", "Clear all domains for app",
                     [](Invocation& call) { return for_apps(call, clear_app); }));
  registry.add(words("domains:clear-global", "", "Clear global domain names", clear_global));
  registry.add(words("domains:disable", "<app>|--all", "Disable domains for an app",
                     [](Invocation& call) { return for_apps(call, disable_app); }));
  registry.add(words("domains:enable", "<app>|--all", "Enable domains for an app",
                     [](Invocation& call) { return for_apps(call, enable_app); }));
  registry.add(words("domains:remove", "<app> " + some, "Remove domains from app", remove));
  registry.add(words("domains:remove-global", some, "Remove global domain names", remove_global));
  Command reporting = words("domains:report", "[<app>|--global] [<flag>]",
                            "Displays a domains report for one or more apps", report);
  reporting.access = Access::reader;
  registry.add(std::move(reporting));
  registry.add(words("domains:reset", "<app>|--all", "Reset domains to global-level domain names",
                     [](Invocation& call) { return for_apps(call, reset_app); }));
  registry.add(words("domains:set", "<app> " + some, "Set domains for app", set));
  registry.add(words("domains:set-global", some, "Set global domain names", set_global));
  Command property = words("domains:set-property", "--global <property> [<value>]",
                           "Set the address and ports of apps without a domain", set_property);
  property.access = Access::admin;
  registry.add(std::move(property));
}

}  // namespace dokku::cli
