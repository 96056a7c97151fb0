// buildpacks: which packs build an app, in order. Their effect is in the next build.
#include "server/platform/buildpacks.h"

#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

using server::App;

server::Buildpacks buildpacks_of(Invocation& call) {
  return {call.platform.store, call.platform.instance.helpers_dir / "packs"};
}

std::optional<long> index_of(const Invocation& call) {
  if (!call.options.has("index")) return std::nullopt;
  return call.options.number("index", 0);
}

// The app in front, and at least one word after it.
Result<App> app_and_pack(Invocation& call, const char* verb) {
  App app = TRY(app_argument(call, 0, Missing::go));
  if (call.args.size() < 2 || call.args[1].empty()) {
    return fail(Errc::invalid_argument, std::string("Must specify a buildpack to ") + verb);
  }
  return app;
}

Result<int> add(Invocation& call) {
  const App app = TRY(app_and_pack(call, "add"));
  TRY(at_most(call, 2));
  TRY(buildpacks_of(call).add(app.id, call.args[1], index_of(call)));
  record_event(call, app.name.str(), server::shown_buildpack(call.args[1]));
  return 0;
}

Result<int> set(Invocation& call) {
  const bool replace = call.options.has("replace");
  if (replace && call.args.size() == 1) {
    TRY(app_argument(call, 0, Missing::go));
    return fail(
        Errc::invalid_argument,
        "Must specify a buildpack to set\nTo have none: dokku buildpacks:clear " + call.args[0]);
  }
  const App app = TRY(app_and_pack(call, "set"));
  if (replace && index_of(call)) {
    return fail(Errc::invalid_argument, "--index has no meaning with --replace");
  }
  if (!replace && call.args.size() > 2) {
    return fail(Errc::invalid_argument,
                "Several buildpacks at once: dokku buildpacks:set --replace " + app.name.str() +
                    " " + call.args[1] + " ...");
  }
  if (replace) {
    TRY(buildpacks_of(call).replace(app.id, {call.args.begin() + 1, call.args.end()}));
  } else {
    TRY(at_most(call, 2));
    TRY(buildpacks_of(call).set(app.id, call.args[1], index_of(call)));
  }
  record_event(call, app.name.str(), server::shown_buildpack(call.args[1]));
  return 0;
}

Result<int> remove(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 2));
  const std::optional<long> index = index_of(call);
  const bool named = call.args.size() > 1 && !call.args[1].empty();
  if (index && named) {
    return fail(Errc::invalid_argument, "Please choose either index or Buildpack, but not both");
  }
  if (!index && !named) {
    return fail(Errc::invalid_argument,
                "Must specify a buildpack to remove, either by index or URL");
  }
  server::Buildpacks packs = buildpacks_of(call);
  const std::string gone =
      TRY(index ? packs.remove_at(app.id, *index) : packs.remove(app.id, call.args[1]));
  call.print.info1("Removing " + server::shown_buildpack(gone));
  record_event(call, app.name.str(), server::shown_buildpack(gone));
  return 0;
}

Result<int> clear(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  TRY(buildpacks_of(call).clear(app.id));
  record_event(call, app.name.str(), "");
  return 0;
}

Result<int> list(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const std::vector<std::string> packs = TRY(buildpacks_of(call).list(app.id));
  call.print.info1_quiet(app.name.str() + " buildpack urls");
  for (const std::string& pack : packs) call.print.verbose(server::shown_buildpack(pack));
  return 0;
}

Result<ReportValues> report_values(Invocation& call, const App& app) {
  const std::vector<std::string> packs = TRY(buildpacks_of(call).list(app.id));
  std::string text;
  for (const std::string& pack : packs) {
    text += (text.empty() ? "" : ",") + server::shown_buildpack(pack);
  }
  return ReportValues{{"buildpacks-list", text}};
}

Result<std::string> known_stack(const std::string& typed) {
  if (typed == "debian-13") return typed;
  return fail(Errc::invalid_argument,
              "The stack of this server is debian-13, others are not "
              "there yet");
}

const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "buildpacks",
      .properties = {{.name = "stack", .fallback = "debian-13", .parse = known_stack}}};
  return kTable;
}

}  // namespace

void add_buildpacks_commands(Registry& registry) {
  const Flag index{"index", 0, Flag::Kind::number, "the place in the order, from 1"};
  registry.add_topic({"buildpacks", "Manage buildpacks settings for an app"});
  registry.add({.name = "buildpacks:add",
                .arguments = "[--index N] <app> <buildpack>",
                .description = "Add a buildpack to an app",
                .run = add,
                .flags = {index}});
  registry.add({.name = "buildpacks:clear",
                .arguments = "<app>",
                .description = "Clear all buildpacks of an app",
                .run = clear});
  registry.add({.name = "buildpacks:list",
                .arguments = "<app>",
                .description = "List the buildpacks of an app",
                .access = Access::reader,
                .run = list});
  registry.add({.name = "buildpacks:remove",
                .arguments = "[--index N] <app> [<buildpack>]",
                .description = "Remove a buildpack from an app",
                .run = remove,
                .flags = {index}});
  registry.add(report_command("buildpacks:report",
                              {.title = "buildpacks",
                               .key_prefix = "buildpacks-",
                               .of_app = report_values,
                               .properties = &table()},
                              "Display a buildpack report for one or more apps"));
  registry.add(
      {.name = "buildpacks:set",
       .arguments = "[--index N] [--replace] <app> <buildpack> [<buildpack> ...]",
       .description = "Set a buildpack of an app, the first or the one at an index",
       .run = set,
       .flags = {index, {"replace", 0, Flag::Kind::boolean, "these instead of all others"}}});
  Command property = set_command(table(), "Set or clear a buildpacks property for an app");
  property.name = "buildpacks:set-property";
  registry.add(std::move(property));
}

}  // namespace dokku::cli
