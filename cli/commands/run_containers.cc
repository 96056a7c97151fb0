// run:list, run:logs, run:stop, run:retire: what becomes of one-off containers.
#include "cli/commands/arguments.h"
#include "cli/commands/log_lines.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/times.h"

namespace dokku::cli {
namespace {

using server::App;
using OneOffSeen = server::Executor::OneOffSeen;

constexpr std::string_view kRun = ".run.";
constexpr std::size_t kCommandColumns = 40;

std::string shortened(const std::string& command) {
  const std::string text = server::printable(command);
  return text.size() <= kCommandColumns ? text : text.substr(0, kCommandColumns - 3) + "...";
}

// Release tasks are one-offs too, but nobody's to list or stop.
Result<std::vector<OneOffSeen>> runs_of(Invocation& call, const App& app) {
  const bool deployed = TRY(call.platform.apps.deployed(app));
  if (!deployed) return std::vector<OneOffSeen>();
  std::vector<OneOffSeen> seen = TRY(call.platform.executor->one_offs(app.name.str()));
  std::erase_if(seen, [](const OneOffSeen& one) { return !one.name.starts_with("run."); });
  return seen;
}

Result<int> list(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  const std::vector<OneOffSeen> seen = TRY(runs_of(call, app));
  const std::string format = call.options.text("format", "stdout");
  if (format == "json") {
    std::vector<std::map<std::string, std::string>> rows;
    for (const OneOffSeen& one : seen) {
      rows.push_back({{"name", one.container},
                      {"state", "running"},
                      {"command", one.command},
                      {"created_at", iso_time(one.since)}});
    }
    call.print.line(json_objects(rows));
    return 0;
  }
  if (format != "stdout") return fail(Errc::invalid_argument, "Invalid format specified");
  call.print.info2_quiet(app.name.str() + " run containers");
  if (seen.empty()) return 0;
  std::vector<std::vector<std::string>> rows;
  if (!call.print.quiet()) rows = {{"NAMES", "COMMAND", "CREATED"}};
  for (const OneOffSeen& one : seen) {
    rows.push_back(
        {one.container, shortened(one.command), time_ago(one.since, call.platform.clock.wall())});
  }
  call.print.table(rows);
  return 0;
}

// What run:logs and run:stop are about: one container, or (empty) all of an app.
struct Target {
  App app;
  std::string name;  // "run.4711"
};

Result<Target> target_of(Invocation& call) {
  if (!call.options.has("container")) {
    if (call.args.empty() || call.args[0].empty()) {
      return fail(Errc::invalid_argument, "No container or app specified");
    }
    App app = TRY(app_argument(call, 0, Missing::bash));
    return Target{std::move(app), ""};
  }
  const std::string container = call.options.text("container");
  const std::size_t at = container.rfind(kRun);
  const std::string digits = at == std::string::npos ? "" : container.substr(at + kRun.size());
  const bool valid = at != 0 && !digits.empty() && digits.size() <= 9 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  if (!valid) {
    return fail(Errc::invalid_argument,
                "Invalid container name specified: " + server::printable(container));
  }
  call.args = {container.substr(0, at)};
  App app = TRY(app_argument(call, 0, Missing::bash));
  return Target{std::move(app), container.substr(at + 1)};
}

Result<int> logs(Invocation& call) {
  const Target target = TRY(target_of(call));
  server::LogQuery query;
  query.app_dir = call.platform.instance.logs_dir() / target.app.name.str();
  query.of = server::LogQuery::Of::runs;
  if (!target.name.empty()) query.process = target.name;
  return print_logs(call, std::move(query));
}

Result<int> stop(Invocation& call) {
  const Target target = TRY(target_of(call));
  const server::ProcessReport report = TRY(call.platform.deploys->report(target.app));
  const std::chrono::seconds grace = report.stop_timeout;
  const std::vector<OneOffSeen> seen = TRY(runs_of(call, target.app));
  bool found = target.name.empty();
  for (const OneOffSeen& one : seen) {
    if (!target.name.empty() && one.name != target.name) continue;
    found = true;
    call.print.info1_quiet("Stopping " + one.container);
    const Result<> stopped = call.platform.executor->stop_one_off(one.container, grace);
    // It may have ended by itself meanwhile.
    if (!stopped && stopped.error().code() != Errc::not_found) return Fail(stopped.error());
  }
  if (!found) {
    return fail(Errc::conflict, "Container " + call.options.text("container") + " is not running");
  }
  record_event(call, target.app.name.str(), target.name);
  return 0;
}

// Nothing waits for this command: each is removed when it ends or its time is over.
Result<int> retire(Invocation& call) {
  call.print.info1_quiet("Retiring expired run containers");
  return 0;
}

}  // namespace

void add_run_containers_commands(Registry& registry) {
  const Flag format{"format", 0, Flag::Kind::text, "output format: [ stdout | json ]"};
  const Flag container{"container", 0, Flag::Kind::text, "one of them: APP.run.N"};
  std::vector<Flag> of_logs = log_flags();
  of_logs.push_back(container);
  registry.add({.name = "run:list",
                .arguments = "[--format stdout|json] <app>",
                .description = "List the one-off containers of an app",
                .access = Access::reader,
                .run = list,
                .flags = {format}});
  registry.add({.name = "run:logs",
                .arguments = "[-t|--tail] [-n|--num N] [-q|--quiet] [<app>|--container <name>]",
                .description = "Show what detached one-off containers printed",
                .access = Access::reader,
                .run = logs,
                .flags = std::move(of_logs),
                .long_running = true});
  registry.add({.name = "run:retire",
                .description = "Remove one-off containers whose time is over",
                .run = retire});
  registry.add({.name = "run:stop",
                .arguments = "[<app>|--container <name>]",
                .description = "Stop the one-off containers of an app, or one of them",
                .run = stop,
                .flags = {container},
                .long_running = true});
}

}  // namespace dokku::cli
