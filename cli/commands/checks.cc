// checks: whether and how long a deploy looks at its new processes before they serve.
#include <algorithm>

#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "server/deploy/deploys.h"
#include "server/deploy/health.h"
#include "server/model/formation.h"

namespace dokku::cli {
namespace {

using server::App;
using Types = std::vector<std::string>;  // in the order of typing, each once

constexpr const char* kNone = "none";
constexpr const char* kAll = "_all_";

const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "checks",
      .wording = Missing::bash,
      .properties = {
          {.name = "attempts", .fallback = "5", .parse = number_between(1, 1000)},
          {.name = "timeout", .fallback = "30", .parse = number_between(1, 3600)},
          {.name = "wait", .fallback = "5", .parse = number_between(0, 3600)},
          {.name = "wait-to-retire", .fallback = "60", .parse = number_between(0, 86400)}}};
  return kTable;
}

void add_once(Types& types, const std::string& type) {
  if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
}

Result<Types> parse_types(const std::string& list) {
  Types types;
  std::size_t at = 0;
  while (at <= list.size()) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    const server::ProcessType type =
        TRY(server::ProcessType::parse(std::string_view(list).substr(at, comma - at)));
    add_once(types, type.str());
    at = comma + 1;
  }
  return types;
}

std::string joined(const Types& types) {
  std::string out;
  for (const std::string& type : types) out += (out.empty() ? "" : ",") + type;
  return out.empty() ? kNone : out;
}

// The types of a list; of "_all_" those that the app has.
Result<Types> types_in(Invocation& call, const App& app, const std::string& list) {
  if (list == kNone) return Types();
  if (list != kAll) return parse_types(list);
  const server::ProcessReport report = TRY(call.platform.deploys->report(app));
  Types types;
  for (const auto& [type, count] : report.formation) types.push_back(type);
  return types;
}

// Moves types (none named: all) out of both lists and into one of them, if any.
Result<> move_types(Invocation& call, const App& app, const char* into) {
  server::CheckLists lists = TRY(call.platform.store.read(
      [&](server::ReadTx& tx) { return server::check_lists(tx, app.id); }));
  const std::pair<const char*, std::string*> both[] = {{server::kChecksDisabled, &lists.disabled},
                                                       {server::kChecksSkipped, &lists.skipped}};
  for (const auto& [name, list] : both) {
    const bool target = into != nullptr && std::string_view(into) == name;
    if (call.args.size() < 2) {
      *list = target ? kAll : kNone;
    } else {
      const Types named = TRY(parse_types(call.args[1]));
      Types types = target && *list == kAll ? Types() : TRY(types_in(call, app, *list));
      for (const std::string& type : named) {
        if (target) add_once(types, type);
        if (!target) std::erase(types, type);
      }
      *list = joined(types);
    }
    TRY(call.platform.properties.set(app.id, name,
                                     *list == kNone ? std::nullopt : std::optional(*list)));
  }
  return {};
}

struct Deed {
  const char* word;  // "Disabling"
  const char* into;  // a property, or nullptr
};

Result<int> change(Invocation& call, const Deed& deed) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 2));
  if (call.args.size() > 1) TRY(parse_types(call.args[1]));
  const std::string begin = std::string(deed.word) + " zero downtime for app";
  const bool possessive = call.args.size() > 1 || deed.into == nullptr;
  std::string line = begin + (possessive ? "'s (" : " (") + app.name.str() + ")";
  if (call.args.size() > 1) line += " proctypes (" + call.args[1] + ")";
  TRY(move_types(call, app, deed.into));
  call.print.info1(line);
  record_event(call, app.name.str(), call.args.size() > 1 ? call.args[1] : "");
  return 0;
}

Result<int> run_checks(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 2));
  PrinterProgress progress(call);
  if (call.args.size() < 2) {
    TRY(call.platform.deploys->check(app, "", progress));
    return 0;
  }
  const std::string& words = call.args[1];
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t comma = std::min(words.find(',', at), words.size());
    TRY(call.platform.deploys->check(app, words.substr(at, comma - at), progress));
    at = comma + 1;
  }
  return 0;
}

Result<ReportValues> values(Invocation& call, const App& app) {
  const server::CheckLists lists = TRY(call.platform.store.read(
      [&](server::ReadTx& tx) { return server::check_lists(tx, app.id); }));
  return ReportValues{{"checks-disabled-list", lists.disabled},
                      {"checks-skipped-list", lists.skipped}};
}

Command words(std::string name, std::string description, Handler run) {
  return {.name = std::move(name),
          .arguments = "<app> [<type>[,<type>...]]",
          .description = std::move(description),
          .run = std::move(run),
          .grammar = Grammar::words};
}

}  // namespace

void add_checks_commands(Registry& registry) {
  registry.add_topic({"checks", "Manage zero-downtime settings"});
  registry.add(words("checks:disable",
                     "Stop old processes before new ones start, and check nothing",
                     [](Invocation& call) {
                       return change(call, {"Disabling", server::kChecksDisabled});
                     }));
  registry.add(words("checks:enable", "Check new processes before they replace the old ones",
                     [](Invocation& call) {
                       return change(call, {"Enabling", nullptr});
                     }));
  registry.add(report_command(
      "checks:report",
      {.title = "checks", .key_prefix = "checks-", .of_app = values, .properties = &table()},
      "Displays a checks report for one or more apps"));
  Command run = words("checks:run", "Run the checks of what runs now", run_checks);
  run.arguments = "<app> [<type>[.<n>][,...]]";
  run.long_running = true;
  registry.add(std::move(run));
  registry.add(set_command(table(), "Set or clear a checks property for an app"));
  registry.add(words("checks:skip", "Check nothing; old and new processes still overlap",
                     [](Invocation& call) {
                       return change(call, {"Skipping", server::kChecksSkipped});
                     }));
}

}  // namespace dokku::cli
