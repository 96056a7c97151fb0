// doctor: what is wrong with this server, one line each, and what mends it.
#include "server/doctor/doctor.h"

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"

namespace dokku::cli {
namespace {

using server::Finding;
using server::Findings;

const char* name_of(Finding::State state) {
  switch (state) {
    case Finding::State::good:
      return "good";
    case Finding::State::note:
      return "note";
    case Finding::State::wrong:
      return "wrong";
  }
  return "";
}

void print_finding(Printer& print, const Finding& finding) {
  std::string line = finding.check + ": " + finding.what;
  if (!finding.mend.empty()) line += "; mend: " + finding.mend;
  if (finding.state == Finding::State::wrong) {
    print.exclaim(line);
  } else if (finding.state == Finding::State::note) {
    print.verbose(line);
  } else {
    print.info1(line);
  }
}

std::string as_json(const Findings& findings) {
  std::vector<std::map<std::string, std::string>> rows;
  for (const Finding& finding : findings) {
    rows.push_back({{"check", finding.check},
                    {"state", name_of(finding.state)},
                    {"what", finding.what},
                    {"mend", finding.mend}});
  }
  return json_objects(rows);
}

Result<int> doctor(Invocation& call) {
  TRY(at_most(call, 0));
  const std::string format = call.options.text("format", "stdout");
  if (format != "stdout" && format != "json") {
    return fail(Errc::invalid_argument, "Invalid format specified, valid formats: stdout, json");
  }
  server::DoctorScope scope;
  scope.whole = call.platform.scope.all();
  // A damaged store has no list; the check of the store says so.
  if (auto apps = call.platform.apps.list()) scope.apps = std::move(*apps);
  const Findings findings = server::examine(call.platform.doctor, scope);
  bool ill = false;
  for (const Finding& finding : findings) ill = ill || finding.state == Finding::State::wrong;
  if (format == "json") {
    call.print.line(as_json(findings));
  } else {
    for (const Finding& finding : findings) print_finding(call.print, finding);
  }
  return ill ? 1 : 0;
}

// What the daemon does at its start, without a start.
Result<int> mend(Invocation& call) {
  TRY(at_most(call, 0));
  call.print.info1("Putting the network's rules in place");
  if (call.platform.doctor.networks != nullptr) TRY(call.platform.doctor.networks->ensure());
  call.print.info1("Removing what no app owns");
  TRY(server::remove_leftovers(call.platform.doctor));
  if (call.platform.deploys != nullptr) call.platform.deploys->clean_up();
  record_event(call, "", "");
  return 0;
}

}  // namespace

void add_doctor_commands(Registry& registry) {
  registry.add_topic({"doctor", "Find out what is wrong with this server"});
  registry.add({.name = "doctor",
                .arguments = "[--format stdout|json]",
                .description = "Say what is wrong with this server and what mends it",
                .access = Access::reader,
                .run = doctor,
                .flags = {{"format", 0, Flag::Kind::text, "stdout or json"}},
                .examples = {"doctor", "doctor --format json"}});
  registry.add({.name = "doctor:mend",
                .description = "Put network rules in place and remove what no app owns",
                .access = Access::admin,
                .run = mend});
}

}  // namespace dokku::cli
