// builds: the deploys of an app, the failed ones too, and what they printed.
#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/facts.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/times.h"
#include "server/deploy/build_record.h"

namespace dokku::cli {
namespace {

using server::App;
using server::Build;

constexpr std::chrono::seconds kCancelPatience{60};

using Values = std::map<std::string, std::string>;

Values values_of(const Build& build) {
  return {{"id", std::to_string(build.number)},
          {"kind", build.kind},
          {"source", build.source},
          {"status", std::string(server::name_of(build.status))},
          {"release", build.release == 0 ? "" : std::to_string(build.release)},
          {"error", build.error},
          {"started-at", iso_time(build.started_at)},
          {"ended-at", build.ended_at ? iso_time(*build.ended_at) : ""}};
}

// The second word: a number; "current" or none: the newest.
Result<std::optional<std::uint64_t>> which_build(const Invocation& call) {
  TRY(at_most(call, 2));
  if (call.args.size() == 2 && call.args[1] == "current") return std::optional<std::uint64_t>();
  return number_argument(call, 1, "build");
}

Result<int> list(Invocation& call) {
  const bool json = TRY(asks_for_json(call));
  const std::string kind = call.options.text("kind");
  if (call.options.has("kind") && kind != "build" && kind != "deploy") {
    return fail(Errc::invalid_argument, "Invalid --kind: it is build or deploy");
  }
  const App app = TRY(app_argument(call, 0, Missing::go));
  std::vector<Build> builds = TRY(call.platform.builds.list(app));
  std::erase_if(builds, [&](const Build& one) { return !kind.empty() && one.kind != kind; });
  if (json) {
    std::vector<Values> rows;
    for (const Build& build : builds) rows.push_back(values_of(build));
    call.print.line(json_objects(rows));
    return 0;
  }
  if (builds.empty()) {
    call.print.warn("No builds recorded for this app");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"ID", "Kind", "Status", "Started", "Source", "Error"}};
  const WallTime now = call.platform.clock.wall();
  for (const Build& build : builds) {
    rows.push_back({std::to_string(build.number), build.kind,
                    std::string(server::name_of(build.status)),
                    call.print.time(build.started_at, now), build.source, build.error});
  }
  call.print.table(rows);
  return 0;
}

Result<int> info(Invocation& call) {
  const bool json = TRY(asks_for_json(call));
  const App app = TRY(app_argument(call, 0, Missing::go));
  const auto number = TRY(which_build(call));
  const Build build = TRY(call.platform.builds.find(app, number));
  return print_facts(call, "build", app.name.str(), values_of(build), json);
}

Result<int> output(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const auto number = TRY(which_build(call));
  const Build build = TRY(call.platform.builds.find(app, number));
  const auto text = read_file(call.platform.builds.output_file(app, build));
  if (!text) {
    return fail(Errc::invalid_argument,
                "The output of build " + std::to_string(build.number) + " was not kept");
  }
  call.session.out(*text);
  return 0;
}

// As Ctrl-C in the push: what ran before runs on.
Result<int> cancel(Invocation& call) {
  TRY(at_most(call, 1));
  const App app = TRY(app_argument(call, 0, Missing::go));
  if (call.platform.deploys == nullptr) return fail(Errc::internal, "there is no deploy engine");
  const Result<> ended = call.platform.deploys->cancel_build(app, kCancelPatience);
  if (!ended && ended.error().code() == Errc::not_found) {
    call.print.info1("App not currently deploying");
    return 0;
  }
  TRY(ended);
  record_event(call, app.name.str(), "");
  call.print.line("-----> The build of " + app.name.str() + " has ended");
  return 0;
}

const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "builds",
      .properties = {{.name = "retention",
                      .fallback = server::kBuildsKept,
                      .parse = number_between(1, server::kBuildsKeptMax)}}};
  return kTable;
}

// They go by themselves with each new one; this is for who has just lowered the retention.
Result<int> prune(Invocation& call) {
  TRY(at_most(call, 1));
  std::vector<App> apps;
  if (call.args.empty()) {
    apps = TRY(call.platform.apps.list());
  } else {
    const App app = TRY(app_argument(call, 0, Missing::go));
    apps.push_back(app);
  }
  for (const App& app : apps) {
    TRY(server::prune_builds(call.platform.store, call.platform.instance, app.id));
  }
  return 0;
}

const std::vector<Flag> kFormat{{"format", 0, Flag::Kind::text, "stdout or json"}};

}  // namespace

void add_builds_commands(Registry& registry) {
  registry.add_topic({"builds", "Manage running and historical builds"});
  registry.add({.name = "builds:cancel",
                .arguments = "<app>",
                .description = "Cancel the running build of an app",
                .run = cancel,
                .long_running = true});
  registry.add({.name = "builds:info",
                .arguments = "[--format stdout|json] <app> [<build>]",
                .description = "Show one build of an app, the newest without a number",
                .access = Access::reader,
                .run = info,
                .flags = kFormat});
  registry.add({.name = "builds:list",
                .arguments = "[--kind build|deploy] [--format stdout|json] <app>",
                .description = "List the builds of an app",
                .access = Access::reader,
                .run = list,
                .flags = {kFormat[0], {"kind", 0, Flag::Kind::text, "only these"}}});
  registry.add({.name = "builds:output",
                .arguments = "<app> [<build>]",
                .description = "Show what a build printed, the newest without a number",
                .access = Access::reader,
                .run = output,
                .examples = {"builds:output blog"}});
  registry.add({.name = "builds:prune",
                .arguments = "[<app>]",
                .description = "Forget the builds beyond the retention",
                .run = prune});
  registry.add(report_command("builds:report",
                              {.title = "builds", .key_prefix = "builds-", .properties = &table()},
                              "Displays a builds report for one or more apps"));
  registry.add(set_command(table(), "Set or clear a builds property for an app"));
}

}  // namespace dokku::cli
