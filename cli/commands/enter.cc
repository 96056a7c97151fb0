// enter: a further process in a running container of an app.
#include <algorithm>
#include <set>
#include <tuple>

#include "cli/commands/arguments.h"
#include "cli/commands/attach.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

using server::App;
using server::EnterSpec;
using server::InstanceSeen;

// What was typed after the app: which container, and what to run in it.
struct Wish {
  std::string type;          // "web", "web.2", or empty
  std::string container_id;  // or a beginning of it
  std::vector<std::string> command;
};

Wish read_wish(const std::vector<std::string>& args) {
  Wish wish;
  std::size_t at = 1;
  if (at + 1 < args.size() && args[at] == "--container-id") {
    wish.container_id = args[at + 1];
    at += 2;
  } else if (at < args.size() && args[at] != "--") {
    wish.type = args[at++];
  }
  if (at < args.size() && args[at] == "--") ++at;
  wish.command.assign(args.begin() + static_cast<std::ptrdiff_t>(std::min(at, args.size())),
                      args.end());
  return wish;
}

bool runs(const InstanceSeen& seen) {
  return seen.state == InstanceSeen::State::ready || seen.state == InstanceSeen::State::starting;
}

Result<std::string> only_type(const App& app, const std::vector<InstanceSeen>& running) {
  std::set<std::string> types;
  for (const InstanceSeen& seen : running) types.insert(seen.type);
  if (types.size() == 1) return *types.begin();
  std::string names;
  for (const std::string& type : types) names += (names.empty() ? "" : " ") + type;
  return fail(Errc::invalid_argument, "No container type specified.\nAvailable types for app (" +
                                          app.name.str() + "): " + names);
}

// The newest release first, the lowest number of it.
Result<InstanceSeen> choose(const App& app, const Wish& wish, std::vector<InstanceSeen> running) {
  std::sort(running.begin(), running.end(), [](const InstanceSeen& a, const InstanceSeen& b) {
    return std::tuple(b.release, a.type, a.index) < std::tuple(a.release, b.type, b.index);
  });
  if (!wish.container_id.empty()) {
    for (const InstanceSeen& seen : running) {
      if (seen.container.starts_with(wish.container_id)) return seen;
    }
    return fail(Errc::invalid_argument, "Container is not running");
  }
  std::string type = wish.type;
  if (type.empty()) type = TRY(only_type(app, running));
  for (const InstanceSeen& seen : running) {
    if (seen.type == type || seen.name() == type) return seen;
  }
  return fail(Errc::invalid_argument,
              "No containers found for type '" + server::printable(type) + "'");
}

Result<int> enter(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  const bool deployed = TRY(call.platform.apps.deployed(app));
  if (!deployed) return fail(Errc::conflict, "App " + app.name.str() + " has not been deployed");
  const Wish wish = read_wish(call.args);
  std::vector<InstanceSeen> running = call.platform.executor->instances(app.name.str());
  std::erase_if(running, [](const InstanceSeen& seen) { return !runs(seen); });
  if (running.empty()) return fail(Errc::conflict, "Container is not running");
  const InstanceSeen chosen = TRY(choose(app, wish, std::move(running)));
  EnterSpec spec;
  spec.app = app.name.str();
  spec.type = chosen.type;
  spec.index = chosen.index;
  spec.command = wish.command;
  spec.terminal = wants_terminal(call.session, false, false);
  spec.columns = call.session.terminal().columns;
  spec.rows = call.session.terminal().rows;
  std::unique_ptr<server::OneOff> process = TRY(call.platform.executor->enter(spec));
  return hand_over(call.session, std::move(process), {spec.terminal});
}

}  // namespace

void add_enter_commands(Registry& registry) {
  registry.add({.name = "enter",
                .arguments = "<app> [<type>[.<n>] | --container-id <id>] [-- <cmd>]",
                .description = "Run a command in a running container of the app",
                .run = enter,
                .grammar = Grammar::words,
                .long_running = true});
}

}  // namespace dokku::cli
