// apps:rename and apps:clone.
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

using server::App;
using server::AppName;

struct TwoNames {
  App app;
  AppName to;
};

Result<TwoNames> names_argument(Invocation& call) {
  App app = TRY(app_argument(call, 0, Missing::go));
  if (call.args.size() < 2 || call.args[1].empty()) {
    return fail(Errc::invalid_argument, "Please specify an new app name");
  }
  TRY(at_most(call, 2));
  AppName to = TRY(AppName::parse(call.args[1]));
  return TwoNames{std::move(app), std::move(to)};
}

server::AppMove move_of(const Invocation& call) {
  return {call.who, call.command, call.options.has("skip-deploy")};
}

Result<bool> taken(Invocation& call, const AppName& name) {
  const Result<App> found = call.platform.apps.find(name.str());
  if (found) return true;
  if (found.error().code() == Errc::not_found) return false;
  return Fail(found.error());
}

Result<int> rename(Invocation& call) {
  const TwoNames names = TRY(names_argument(call));
  const bool is_taken = TRY(taken(call, names.to));
  if (is_taken) return fail(Errc::already_exists, "Name is already taken");
  call.print.info1("Renaming " + names.app.name.str() + " to " + names.to.str());
  PrinterProgress progress(call);
  const App renamed = TRY(call.platform.apps.rename(names.app, names.to, move_of(call), progress));
  record_event(call, renamed.name.str(), "from " + names.app.name.str());
  if (renamed.stopped && !names.app.stopped) {
    call.print.warn("It does not run. Start it: dokku ps:start " + renamed.name.str());
  }
  return 0;
}

Result<int> clone(Invocation& call) {
  const TwoNames names = TRY(names_argument(call));
  const bool is_taken = TRY(taken(call, names.to));
  if (is_taken) {
    if (!call.options.has("ignore-existing")) {
      return fail(Errc::already_exists, "Name is already taken");
    }
    call.print.warn("Name is already taken");
    return 0;
  }
  call.print.info1("Cloning " + names.app.name.str() + " to " + names.to.str());
  PrinterProgress progress(call);
  record_event(call, names.to.str(), "from " + names.app.name.str());
  TRY(call.platform.apps.clone(names.app, names.to, move_of(call), progress));
  return 0;
}

}  // namespace

void add_apps_rename_commands(Registry& registry) {
  const Flag skip{"skip-deploy", 0, Flag::Kind::boolean, "start nothing"};
  registry.add(
      {.name = "apps:clone",
       .arguments = "[--skip-deploy] [--ignore-existing] <app> <new-app>",
       .description = "Create a second app like the first",
       .access = Access::admin,
       .run = clone,
       .flags = {skip,
                 {"ignore-existing", 0, Flag::Kind::boolean, "an app of that name is no error"}},
       .long_running = true});
  registry.add({.name = "apps:rename",
                .arguments = "[--skip-deploy] <app> <new-app>",
                .description = "Give an app another name",
                .access = Access::admin,
                .run = rename,
                .flags = {skip},
                .long_running = true});
}

}  // namespace dokku::cli
