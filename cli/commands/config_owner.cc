#include "cli/commands/config_owner.h"

namespace dokku::cli {
namespace {

using server::ConfigChange;
using server::ConfigOwner;

std::string joined(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : " ") + key;
  return text;
}

}  // namespace

Result<ConfigOwner> take_config_owner(Invocation& call) {
  if (call.options.has("global")) return ConfigOwner{};
  const server::App app = TRY(app_argument(call, 0, Missing::go));
  call.args.erase(call.args.begin());
  return ConfigOwner{app.id, app.name.str()};
}

Result<int> follow_up_config(Invocation& call, const ConfigOwner& owner,
                             const ConfigChange& change) {
  if (change.keys.empty()) return 0;
  record_event(call, owner.global() ? "" : owner.name, joined(change.keys));
  if (call.options.has("no-restart")) return 0;
  const bool restart = TRY(call.platform.config.needs_restart(owner));
  if (!restart) return 0;
  call.print.info1("Restarting app " + owner.name);
  const server::AppName app = TRY(server::AppName::parse(owner.name));
  PrinterProgress progress(call);
  const Result<> done = call.platform.lifecycle.restart(app, call.command, call.who, progress);
  if (done) return 0;
  return fail(Errc::internal, "Failure while restarting app: " + done.error().message() +
                                  "\nThe change is kept, and what runs still has the old values. "
                                  "Take it back: dokku config:undo " +
                                  owner.name);
}

}  // namespace dokku::cli
