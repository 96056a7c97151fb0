// report: facts about the machine, then what every topic reports of an app, or of all, for a bug
// report: secrets are masked.
#include <sys/utsname.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/masking_session.h"
#include "cli/output/times.h"
#include "server/doctor/doctor.h"

namespace dokku::cli {
namespace {

// "PRETTY_NAME="Debian GNU/Linux 13"" -> "Debian GNU/Linux 13"
std::string distribution() {
  constexpr std::string_view kKey = "PRETTY_NAME=\"";
  const std::string text = read_file("/etc/os-release", 64 << 10).value_or("");
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return "unknown";
  const std::size_t from = at + kKey.size();
  return text.substr(from, text.find('"', from) - from);
}

std::string time_zone() {
  std::error_code failed;
  const std::string link = std::filesystem::read_symlink("/etc/localtime", failed).string();
  const std::size_t at = link.find("zoneinfo/");
  return at == std::string::npos ? "UTC" : link.substr(at + 9);
}

void print_machine(Invocation& call) {
  utsname names{};
  ::uname(&names);
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long megabytes = pages / 1024 * (::sysconf(_SC_PAGESIZE) / 1024);
  call.print.info1("uname: " + std::string(names.sysname) + " " + names.release + " " +
                   names.machine);
  call.print.info1("system: " + distribution() + ", time zone " + time_zone() + ", now " +
                   iso_time(call.platform.clock.wall()));
  call.print.info1("memory: " + std::to_string(megabytes) +
                   " MB, cores: " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)));
  call.print.info1("instance: " + call.platform.instance.name);
}

// What is not as it should be, and the versions that the good lines tell.
void print_findings(Invocation& call) {
  server::DoctorScope scope;
  scope.whole = call.platform.scope.all();
  if (auto apps = call.platform.apps.list()) scope.apps = std::move(*apps);
  for (const server::Finding& finding : server::examine(call.platform.doctor, scope)) {
    const std::string line = finding.check + ": " + finding.what;
    if (finding.state == server::Finding::State::good) {
      call.print.info1(line);
    } else {
      call.print.exclaim(line);
    }
  }
}

// Reports show what was typed: repositories, commands, values may hold what is nobody's business.
std::vector<std::string> secrets_of(Invocation& call, const std::vector<server::App>& apps) {
  std::vector<std::string> secrets;
  const auto add = [&](const server::ConfigOwner& owner) {
    const auto values = call.platform.config.merged(owner);
    if (!values) return;
    for (const auto& [key, value] : *values) secrets.push_back(value);
  };
  add({});
  for (const server::App& app : apps) add({app.id, app.name.str()});
  return secrets;
}

// As if each had been typed.
Result<> run_reports(Invocation& call, const std::string& app) {
  constexpr std::string_view kReport = ":report";
  for (const auto& [name, command] : call.registry.commands()) {
    if (!std::string_view(name).ends_with(kReport)) continue;
    Invocation inner{call.session, call.platform, call.print, call.registry, call.globals,
                     call.who,     name,          {},         {app}};
    const int status = TRY(command.run(inner));
    if (status != 0) return fail(Errc::internal, name + " failed");
  }
  return {};
}

Result<int> report(Invocation& call) {
  TRY(at_most(call, 1));
  std::vector<server::App> apps;
  if (call.args.empty()) {
    apps = TRY(call.platform.apps.list());
  } else {
    server::App app = TRY(app_argument(call, 0, Missing::go));
    apps.push_back(std::move(app));
  }
  MaskingSession session(call.session, secrets_of(call, apps));
  Printer print(session, {call.globals.quiet, call.globals.trace});
  Invocation inner{
      session, call.platform, print, call.registry, call.globals, call.who, call.command, {}, {}};
  print_machine(inner);
  print_findings(inner);
  for (const server::App& app : apps) TRY(run_reports(inner, app.name.str()));
  return 0;
}

}  // namespace

void add_report_commands(Registry& registry) {
  registry.add({.name = "report",
                .arguments = "[<app>|--all]",
                .description = "Displays facts about the machine and its apps, without secrets",
                .access = Access::reader,
                .run = report,
                .flags = {{"all", 'a', Flag::Kind::boolean, "of all apps, as without an app"}},
                .examples = {"report blog"}});
}

}  // namespace dokku::cli
