#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/times.h"

namespace dokku::cli {
namespace {

using server::Event;

constexpr long kShown = 100;
constexpr long kShownMax = 10'000;

std::string milliseconds(const Event& event) { return std::to_string(event.took.count() / 1000); }

// 2026-11-21T05:17:57Z alice config:set blog PASSWORD (status 0, 12 ms)
std::string text_of(Invocation& call, const Event& event) {
  std::string line = call.print.time(event.at, call.platform.clock.wall());
  line += " " + event.who + " " + event.command;
  if (!event.app.empty()) line += " " + event.app;
  if (!event.detail.empty()) line += " " + event.detail;
  return line + " (status " + std::to_string(event.status) + ", " + milliseconds(event) + " ms)";
}

std::string json_of(const Event& event) {
  return json_object({{"time", iso_time(event.at)},
                      {"who", event.who},
                      {"command", event.command},
                      {"app", event.app},
                      {"detail", event.detail},
                      {"status", std::to_string(event.status)},
                      {"milliseconds", milliseconds(event)}});
}

struct View {
  server::EventQuery query;
  bool json = false;
};

Result<View> view_of(Invocation& call) {
  TRY(at_most(call, 1));
  View view;
  const std::string format = call.options.text("format", "stdout");
  if (format != "stdout" && format != "json") {
    return fail(Errc::invalid_argument,
                "Invalid format specified, supported formats: json, stdout");
  }
  view.json = format == "json";
  const long count = call.options.number("num", kShown);
  if (count < 1 || count > kShownMax) {
    return fail(Errc::invalid_argument,
                "Invalid num specified\nIt is a number between 1 and " + std::to_string(kShownMax));
  }
  view.query.count = static_cast<int>(count);
  if (!call.args.empty()) view.query.app = call.args[0];
  return view;
}

// An app that is gone still has its events; one that never was has none.
Result<> check_app(Invocation& call, const View& view, const std::vector<Event>& events) {
  if (view.query.app.empty() || !events.empty()) return {};
  TRY(call.platform.apps.find(view.query.app));
  return {};
}

void print(Invocation& call, const View& view, const std::vector<Event>& events) {
  std::string lines;
  for (const Event& event : events)
    lines += (view.json ? json_of(event) : text_of(call, event)) + "\n";
  call.session.out(lines);
}

// JSON: one list, but with -t an object per line, since a list that is followed has no end.
Result<int> show(Invocation& call) {
  View view = TRY(view_of(call));
  const bool follow = call.options.has("tail");
  std::vector<Event> events = TRY(call.platform.events.recent(view.query, call.platform.scope));
  TRY(check_app(call, view, events));
  if (!follow && view.json) {
    std::string list;
    for (const Event& event : events) list += (list.empty() ? "" : ",") + json_of(event);
    call.print.line("[" + list + "]");
    return 0;
  }
  print(call, view, events);
  if (!follow) return 0;
  do {
    if (!events.empty()) view.query.after = events.back().id;
    view.query.count = static_cast<int>(kShownMax);
    events = TRY(call.platform.events.recent(view.query, call.platform.scope));
    print(call, view, events);
  } while (call.platform.events.wait_for_more(call.session.cancel()));
  return 0;
}

// Dokku lists the triggers that are logged; here every command is.
Result<int> list(Invocation& call) {
  TRY(at_most(call, 0));
  call.print.info2_quiet("Events currently logged");
  call.print.line("commands that change something, and those that were refused");
  call.print.line("commands that read values of config");
  if (call.platform.events.reads()) call.print.line("commands that only look");
  return 0;
}

Result<int> on(Invocation& call) {
  TRY(call.platform.events.set_reads(true));
  call.print.info1("Enabling DOKKU_EVENTS");
  call.print.verbose("Commands that only look are recorded too, from now on");
  return 0;
}

Result<int> off(Invocation& call) {
  TRY(call.platform.events.set_reads(false));
  call.print.info1("Disabling DOKKU_EVENTS");
  call.print.verbose("Commands that change something are recorded all the same");
  return 0;
}

}  // namespace

void add_events_commands(Registry& registry) {
  registry.add_topic({"events", "Manage event logging: who did what and when"});
  registry.add({.name = "events",
                .arguments = "[-t] [-n <count>] [--format stdout|json] [<app>]",
                .description = "Show the last events, of all apps or one",
                .access = Access::reader,
                .run = show,
                .flags = {{"tail", 't', Flag::Kind::boolean, "go on with what happens now"},
                          {"num", 'n', Flag::Kind::number, "how many (100)"},
                          {"format", 0, Flag::Kind::text, "output format: [ stdout | json ]"}},
                .long_running = true});
  registry.add({.name = "events:list",
                .description = "List what is recorded",
                .access = Access::reader,
                .run = list});
  registry.add({.name = "events:off",
                .description = "Record only what changes something",
                .access = Access::admin,
                .run = off});
  registry.add({.name = "events:on",
                .description = "Record commands that only look, too",
                .access = Access::admin,
                .run = on});
}

}  // namespace dokku::cli
