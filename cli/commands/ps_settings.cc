#include "cli/commands/ps_settings.h"

#include <algorithm>

#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "server/deploy/deploys.h"
#include "server/deploy/wanted.h"

namespace dokku::cli {
namespace {

using server::App;
using server::InstanceSeen;

server::Deploys& deploys(Invocation& call) { return *call.platform.deploys; }

// --- ps:scale ------------------------------------------------------------------------------------

Result<int> show_scale(Invocation& call, const App& app) {
  const server::ProcessReport report = TRY(deploys(call).report(app));
  if (call.options.text("format") == "json") {
    std::string rows;
    for (const auto& [type, count] : report.formation) {
      rows += (rows.empty() ? "" : ",") + std::string("{\"process_type\":\"") + type +
              "\",\"quantity\":" + std::to_string(count) + "}";
    }
    call.print.line("[" + rows + "]");
    return 0;
  }
  call.print.info1_quiet("Scaling for " + app.name.str());
  if (!call.print.quiet()) {
    call.print.line("proctype: qty");
    call.print.line("--------: ---");
  }
  constexpr std::size_t kNameWidth = 5;
  for (const auto& [type, count] : report.formation) {
    std::string name = type + ":";
    name.resize(std::max(name.size(), kNameWidth), ' ');
    call.print.line(name + " " + std::to_string(count));
  }
  return 0;
}

Result<int> scale(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const std::vector<std::string> words(call.args.begin() + 1, call.args.end());
  if (words.empty()) return show_scale(call, app);
  const server::Formation counts = TRY(server::parse_formation(words));
  std::string asked;
  for (const auto& word : words) asked += (asked.empty() ? "" : " ") + word;
  call.print.info1("Scaling " + app.name.str() + " processes: " + asked);
  PrinterProgress progress(call);
  TRY(deploys(call).scale(app, counts, call.options.has("skip-deploy"),
                          {.by = call.who, .why = call.command}, progress));
  record_event(call, app.name.str(), asked);
  return 0;
}

// --- ps:set, ps:report ---------------------------------------------------------------------------

PropertyParser restart_policy() {
  return [](const std::string& typed) -> Result<std::string> {
    if (server::parse_restart_policy(typed)) return typed;
    return fail(Errc::invalid_argument,
                "It is one of: no, always, unless-stopped, on-failure, on-failure:N");
  };
}

Result<> tell_of_dockerfiles(Invocation& call, const PropertyTarget& target) {
  if (call.args.size() < 3) return {};
  call.print.warn("It counts for apps of a Dockerfile, and packs build every app here" +
                  std::string("\nFor this one: dokku ps:set ") + target.name +
                  " start-cmd \"...\"");
  return {};
}

// The restart policy that nobody chose is shown as Dokku's and never gives a process up.
const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "ps",
      .properties = {
          {.name = "dockerfile-start-cmd",
           .scope = Property::Scope::app,
           .effect = tell_of_dockerfiles},
          {.name = "procfile-path", .fallback = "Procfile", .parse = path_in_the_repository()},
          {.name = "restart-policy", .fallback = "on-failure:10", .parse = restart_policy()},
          {.name = "restore",
           .parse = true_or_false(),
           .scope = Property::Scope::app,
           .hidden = true},  // reported without the topic's prefix
          {.name = "skip-deploy", .fallback = "false", .parse = true_or_false()},
          {.name = "start-cmd", .scope = Property::Scope::app},
          {.name = "stop-timeout-seconds", .fallback = "30", .parse = number_between(0, 86400)}}};
  return kTable;
}

Result<ReportValues> report_values(Invocation& call, const App& app) {
  const server::ProcessReport report = TRY(deploys(call).report(app));
  const auto ready = std::count_if(
      report.instances.begin(), report.instances.end(),
      [](const InstanceSeen& one) { return one.state == InstanceSeen::State::ready; });
  const auto all = static_cast<std::ptrdiff_t>(report.instances.size());
  ReportValues values{{"deployed", report.deployed ? "true" : "false"},
                      {"processes", std::to_string(all)},
                      {"ps-can-scale", report.can_scale ? "true" : "false"},
                      {"restore", report.stopped || !report.restored ? "false" : "true"},
                      {"running", ready == 0     ? "false"
                                  : ready == all ? "true"
                                                 : "mixed"}};
  for (const InstanceSeen& one : report.instances) {
    values["status-" + one.type + "-" + std::to_string(one.index)] =
        std::string(process_word(one)) + " (CID: " + one.container + ")";
  }
  if (!report.deployed || all > 0) return values;
  for (const auto& [type, count] : report.formation) {
    for (unsigned i = 1; i <= count; ++i)
      values["status-" + type + "-" + std::to_string(i)] = "exited";
  }
  return values;
}

}  // namespace

const char* process_word(const InstanceSeen& seen) {
  switch (seen.state) {
    case InstanceSeen::State::starting:
      return "starting";
    case InstanceSeen::State::ready:
      return "running";
    case InstanceSeen::State::waiting:
      return seen.gave_up ? "exited" : "restarting";
    case InstanceSeen::State::stopping:
      return "stopping";
    case InstanceSeen::State::gone:
      return "exited";
  }
  return "";
}

void add_ps_settings_commands(Registry& registry) {
  registry.add(report_command(
      "ps:report",
      {.title = "ps", .key_prefix = "ps-", .of_app = report_values, .properties = &table()},
      "Displays a process report for one or more apps"));
  registry.add({.name = "ps:scale",
                .arguments = "[--skip-deploy] <app> [<type>=<count>...]",
                .description = "Get/Set how many instances of a given process to run",
                .run = scale,
                .flags = {{"skip-deploy", 0, Flag::Kind::boolean, "only set the counts"},
                          {"format", 0, Flag::Kind::text, "output format: [ stdout | json ]"}},
                .long_running = true});
  registry.add(set_command(table(), "Set or clear a ps property for an app"));
}

}  // namespace dokku::cli
