#include "cli/commands/proxy_logs.h"

#include "cli/commands/follow_file.h"
#include "server/logs/file_tail.h"
#include "server/platform/routing.h"

namespace dokku::cli {
namespace {

using server::AccessLogKind;
using server::App;

constexpr long kLinesDefault = 100;
constexpr std::size_t kBatchBytes = 16U << 10;

// With the log off there is nothing to wait for.
Result<> check_on(Invocation& call, const App& app, AccessLogKind kind) {
  const std::string setting = kind == AccessLogKind::access ? "access-log-path" : "error-log-path";
  const auto read = [&](server::ReadTx& tx) { return server::route_spec(tx, app); };
  const server::RouteSpec spec = TRY(call.platform.store.read(read));
  const auto set = spec.settings.find(setting);
  if (set == spec.settings.end() || set->second != "off") return {};
  return fail(Errc::conflict,
              "The " + setting + " of " + app.name.str() +
                  " is off: nothing is written down\nSwitch it on: dokku nginx:set " +
                  app.name.str() + " " + setting + " on");
}

Result<int> show(Invocation& call, AccessLogKind kind, Missing missing) {
  const App app = TRY(app_argument(call, 0, missing));
  TRY(at_most(call, 1));
  TRY(check_on(call, app, kind));
  const long lines = call.options.number("num", kLinesDefault);
  server::TailQuery query{access_log_file(call.platform.instance, app.name.str(), kind)};
  query.lines = lines < 0 ? SIZE_MAX : static_cast<std::size_t>(lines);
  query.follow = call.options.has("tail");
  server::FileTail tail = TRY(server::FileTail::open(query));
  std::string batch;
  const auto flush = [&] { call.session.out(std::exchange(batch, {})); };
  const auto read = [&]() -> Result<> {
    TRY(tail.read([&](std::string_view line) {
      batch += line;
      batch += '\n';
      if (batch.size() >= kBatchBytes) flush();
      return !call.session.cancel().cancelled();
    }));
    if (!batch.empty()) flush();
    return {};
  };
  TRY(query.follow ? follow_file(call.session, tail.fd(), read) : read());
  return 0;
}

}  // namespace

Command proxy_log_command(std::string name, AccessLogKind kind, Missing missing,
                          std::string description) {
  return {.name = std::move(name),
          .arguments = "[-t|--tail] [-n|--num N] <app>",
          .description = std::move(description),
          .access = Access::reader,
          .run = [=](Invocation& call) { return show(call, kind, missing); },
          .flags = {{"tail", 't', Flag::Kind::boolean, "go on with what is written now"},
                    {"num", 'n', Flag::Kind::number, "how many lines (100)"}},
          .long_running = true};
}

}  // namespace dokku::cli
