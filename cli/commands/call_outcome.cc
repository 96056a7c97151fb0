// What a client asks when the daemon died while it ran a command: done as a whole, or what to type.
//
// call-outcome ID WHAT [git-hook APP]: WHAT is how the person knows the command.
#include "cli/commands/call_outcome.h"

#include <algorithm>

#include "cli/commands/arguments.h"
#include "cli/commands/cut_off.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/deploys.h"
#include "server/deploy/wanted.h"
#include "server/store/calls.h"

namespace dokku::cli {
namespace {

using server::CallRecord;

// For processes that were started already, and maybe for a first start.
constexpr Duration kServingPatience = std::chrono::seconds(60);

Result<std::uint64_t> serving(Invocation& call, server::AppId app) {
  const auto look = [&](server::ReadTx& tx) { return server::running_number(tx, app); };
  const std::optional<std::uint64_t> number = TRY(call.platform.store.read(look));
  return number.value_or(0);
}

// What the store says is done; requests may reach it only when its processes were found again.
Result<> await_serving(Invocation& call, server::AppId id) {
  if (call.platform.deploys == nullptr || id == server::AppId::global) return {};
  const auto apps = TRY(call.platform.store.read([](auto& tx) { return server::list_apps(tx); }));
  for (const server::App& app : apps) {
    if (app.id != id) continue;
    return call.platform.deploys->await_serving(app, kServingPatience, call.session.cancel());
  }
  return {};
}

Result<int> say_done(Invocation& call, const CallRecord& record) {
  const Result<> served = await_serving(call, record.app);
  const std::uint64_t number = TRY(serving(call, record.app));
  const bool serves = served && record.release != 0 && number == record.release;
  call.print.info1("It is back: " + call.args[1] + " is done as a whole" +
                   (serves ? ", release " + std::to_string(number) + " serves" : ""));
  if (!served) call.print.warn("Its processes are not all up: " + served.error().message());
  return 0;
}

Result<int> push_not_done(Invocation& call) {
  const auto app = call.platform.apps.find(call.args[3]);
  std::uint64_t number = 0;
  if (app) number = TRY(serving(call, app->id));
  const std::string so_far = number == 0
                                 ? "nothing was deployed"
                                 : "release " + std::to_string(number) + " serves as before";
  if (const auto status = try_again_after_upgrade(call, so_far)) return *status;
  return fail(Errc::conflict, "It is back: " + call.args[1] + " was not done, " + so_far +
                                  "\nType it again: git push");
}

// "`ps:restart blog`" -> "dokku ps:restart blog"
std::string as_typed(const std::string& what) {
  const bool quoted = what.size() > 2 && what.front() == '`' && what.back() == '`';
  return quoted ? "dokku " + what.substr(1, what.size() - 2) : what;
}

server::CallDone done_when(const Command& command, const Invocation& call) {
  if (!command.long_running || call.options.has("no-restart") || call.options.has("skip-deploy")) {
    return server::CallDone::with_first_write;
  }
  const auto is_many = [](const std::string& word) {
    return word == "--all" || word == "--global";
  };
  const bool many = call.options.has("all") || call.options.has("global") ||
                    std::any_of(call.args.begin(), call.args.end(), is_many);
  return many ? server::CallDone::at_its_end : server::CallDone::when_noted;
}

Result<int> call_outcome(Invocation& call) {
  if (call.args.size() < 2) {
    return fail(Errc::invalid_argument, call.command + " is for the client's own use");
  }
  const std::optional<CallRecord> record = TRY(call.platform.store.read(
      [&](server::ReadTx& tx) { return server::find_call(tx, call.args[0]); }));
  if (record && record->done) return say_done(call, *record);
  if (call.args.size() == 4 && call.args[2] == "git-hook") return push_not_done(call);
  return fail(Errc::conflict, "It is back: " + call.args[1] +
                                  (record ? " was not done as a whole" : " changed nothing") +
                                  "\nType it again: " + as_typed(call.args[1]));
}

}  // namespace

Result<int> run_as_call(const Command& command, Invocation& call) {
  const auto id = call.session.environment().find("DOKKU_CALL");
  if (id == call.session.environment().end()) return command.run(call);
  server::CallScope scope(id->second, done_when(command, call));
  Result<int> status = command.run(call);
  if (status && done_when(command, call) == server::CallDone::at_its_end) {
    scope.finish(call.platform.store);
  }
  return status;
}

void add_call_outcome_commands(Registry& registry) {
  registry.add({.name = "call-outcome",
                .arguments = "<id> <what>",
                .description = "What became of a call that the daemon did not answer",
                .access = Access::reader,
                .run = call_outcome,
                .grammar = Grammar::words,
                .hidden = true});
}

}  // namespace dokku::cli
