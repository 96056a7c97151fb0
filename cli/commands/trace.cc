// trace:on, trace:off: every command tells on stderr what it does, as with --trace.
#include "cli/commands/trace.h"

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/store/properties.h"

namespace dokku::cli {
namespace {

constexpr const char* kTrace = "trace.on";

Result<int> turn(Invocation& call, bool on) {
  TRY(at_most(call, 0));
  TRY(call.platform.properties.set(server::AppId::global, kTrace,
                                   on ? std::optional<std::string>("true") : std::nullopt));
  call.print.info1(on ? "Enabling trace mode" : "Disabling trace mode");
  record_event(call, "", on ? "on" : "off");
  return 0;
}

}  // namespace

bool trace_is_on(server::Platform& platform) {
  const Result<std::string> value =
      platform.properties.computed(server::AppId::global, kTrace, "false");
  return value && *value == "true";
}

void add_trace_commands(Registry& registry) {
  registry.add_topic({"trace", "Manage trace mode"});
  registry.add({.name = "trace:off",
                .description = "Tell no more what commands do",
                .access = Access::admin,
                .run = [](Invocation& call) { return turn(call, false); }});
  registry.add({.name = "trace:on",
                .description = "Let every command tell on stderr what it does",
                .access = Access::admin,
                .run = [](Invocation& call) { return turn(call, true); }});
}

}  // namespace dokku::cli
