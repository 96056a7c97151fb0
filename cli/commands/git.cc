#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "server/platform/repository.h"

namespace dokku::cli {
namespace {

using server::App;
using server::AppId;

void add_triples(const server::GitReport& report, bool of_app, ReportValues& values) {
  for (const auto& [key, value] : report.computed) {
    if (of_app) values["git-" + key] = report.app.at(key);
    values["git-global-" + key] = report.global.at(key);
    values["git-computed-" + key] = value;
  }
}

Result<ReportValues> app_values(Invocation& call, const App& app) {
  const server::GitReport report = TRY(call.platform.git.report(app.id));
  ReportValues values;
  add_triples(report, true, values);
  values["git-sha"] = report.sha;
  values["git-source-image"] = "";  // images are not deployed yet
  values["git-last-updated-at"] =
      report.last_updated_at
          ? std::to_string(std::chrono::system_clock::to_time_t(*report.last_updated_at))
          : "";
  return values;
}

Result<ReportValues> global_values(Invocation& call) {
  const server::GitReport report = TRY(call.platform.git.report(AppId::global));
  ReportValues values;
  add_triples(report, false, values);
  return values;
}

Result<int> report(Invocation& call) {
  return run_report(call, {"git", "git-", app_values, global_values});
}

Result<int> set(Invocation& call) {
  AppId id = AppId::global;
  std::string name;
  if (call.args.empty() || call.args[0] != "--global") {
    const App app = TRY(app_argument(call, 0, Missing::bash));
    id = app.id;
    name = app.name.str();
  }
  if (call.args.size() < 2 || call.args[1].empty()) {
    return fail(Errc::invalid_argument, "No key specified");
  }
  TRY(at_most(call, 3));
  const std::string& key = call.args[1];
  std::optional<std::string> value;
  if (call.args.size() > 2) value = call.args[2];
  TRY(call.platform.git.set(id, key, value));
  if (value && !value->empty()) {
    call.print.info2_quiet("Setting " + key + " to " + *value);
  } else {
    call.print.info2_quiet("Unsetting " + key);
  }
  record_event(call, name, key);
  return 0;
}

// Both may be typed at any time: what is there stays.
Result<int> initialize(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 1));
  call.print.info1("Initializing git repository for " + app.name.str());
  TRY(server::ensure_repository(call.platform.instance, app.name));
  record_event(call, app.name.str(), "");
  return 0;
}

// What Dokku's own does no more; here the lock of apps:lock goes.
Result<int> unlock(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 1));
  if (!app.locked) return fail(Errc::invalid_argument, "Unable to remove deploy lock");
  TRY(call.platform.apps.set_locked(app, false));
  call.print.info1("Deploy lock removed");
  record_event(call, app.name.str(), "");
  return 0;
}

// A bare repository has no work tree: what is told is which revision runs.
Result<int> status(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 1));
  const server::AppReport report = TRY(call.platform.apps.report(app));
  if (report.deploy_source_metadata.empty()) {
    call.print.line("No commits yet");
    return 0;
  }
  call.print.line("Deployed: " + report.deploy_source_metadata);
  return 0;
}

Result<int> allow_host(Invocation& call) {
  if (call.args.empty() || call.args[0].empty()) {
    return fail(Errc::invalid_argument, "No host specified");
  }
  TRY(at_most(call, 1));
  const server::GitHost host = TRY(server::GitHost::parse(call.args[0]));
  const server::GitHosts::Allowed allowed = TRY(call.platform.git_hosts.allow(host));
  call.print.info1(host.known_as() + (allowed.already ? " is trusted already" : " is trusted now"));
  call.print.verbose(allowed.key_type + " " + allowed.fingerprint);
  record_event(call, "", host.known_as());
  return 0;
}

Result<int> generate_deploy_key(Invocation& call) {
  TRY(at_most(call, 0));
  TRY(call.platform.git_hosts.generate_key());
  const std::string key = TRY(call.platform.git_hosts.public_key());
  call.print.info1_quiet("Deploy key generated; give its public half to the git host");
  call.print.line(key);
  record_event(call, "", "");
  return 0;
}

Result<int> public_key(Invocation& call) {
  TRY(at_most(call, 0));
  const std::string key = TRY(call.platform.git_hosts.public_key());
  call.print.line(key);
  return 0;
}

}  // namespace

void add_git_commands(Registry& registry) {
  registry.add_topic({"git", "Manage app deploys via git"});
  registry.add({.name = "git:allow-host",
                .arguments = "<host>[:<port>]",
                .description = "Trust an ssh host from which packs and submodules are fetched",
                .access = Access::admin,
                .run = allow_host,
                .grammar = Grammar::words});
  registry.add({.name = "git:generate-deploy-key",
                .description = "Make the key by which this server fetches over ssh",
                .access = Access::admin,
                .run = generate_deploy_key,
                .grammar = Grammar::words});
  registry.add({.name = "git:initialize",
                .arguments = "<app>",
                .description = "Make the git repository of an app",
                .run = initialize,
                .grammar = Grammar::words});
  registry.add({.name = "git:public-key",
                .description = "Show the public half of the deploy key",
                .access = Access::admin,
                .run = public_key,
                .grammar = Grammar::words});
  registry.add({.name = "git:status",
                .arguments = "<app>",
                .description = "Show which revision of an app is deployed",
                .access = Access::reader,
                .run = status,
                .grammar = Grammar::words});
  registry.add({.name = "git:unlock",
                .arguments = "<app>",
                .description = "Remove the deploy lock of an app",
                .run = unlock,
                .grammar = Grammar::words});
  registry.add({.name = "git:report",
                .arguments = "[<app>|--global] [<flag>]",
                .description = "Displays a git report for one or more apps",
                .access = Access::reader,
                .run = report,
                .grammar = Grammar::words});
  registry.add({.name = "git:set",
                .arguments = "<app>|--global <key> [<value>]",
                .description = "Set or clear a git property for an app",
                .run = set,
                .grammar = Grammar::words});
}

}  // namespace dokku::cli
