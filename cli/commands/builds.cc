// builds: the deploys of an app, the failed ones too, and what they printed.
#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/facts.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/times.h"

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
  const App app = TRY(app_argument(call, 0, Missing::go));
  const std::vector<Build> builds = TRY(call.platform.builds.list(app));
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
    return fail(Errc::conflict, "Nothing of " + app.name.str() + " is being built");
  }
  TRY(ended);
  record_event(call, app.name.str(), "");
  call.print.line("-----> The build of " + app.name.str() + " has ended");
  return 0;
}

const std::vector<Flag> kFormat{{"format", 0, Flag::Kind::text, "stdout or json"}};

}  // namespace

void add_builds_commands(Registry& registry) {
  registry.add_topic({"builds", "History of an app's builds"});
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
                .arguments = "[--format stdout|json] <app>",
                .description = "List the builds of an app",
                .access = Access::reader,
                .run = list,
                .flags = kFormat});
  registry.add({.name = "builds:output",
                .arguments = "<app> [<build>]",
                .description = "Show what a build printed, the newest without a number",
                .access = Access::reader,
                .run = output,
                .examples = {"builds:output blog"}});
}

}  // namespace dokku::cli
