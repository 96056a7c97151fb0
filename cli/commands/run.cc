// run: a command in a new container of the app's release, at the caller's own terminal.
#include <charconv>
#include <random>

#include "cli/commands/arguments.h"
#include "cli/commands/attach.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/deploys.h"
#include "server/model/env_file.h"
#include "server/supervise/failure.h"

namespace dokku::cli {
namespace {

using server::App;
using server::RunSpec;

constexpr int kNameAttempts = 20;

// "run.4711", as Heroku and Dokku number them.
std::string one_off_name() {
  std::random_device random;
  return "run." + std::to_string(std::uniform_int_distribution<int>(1000, 9999)(random));
}

Result<> add_variables(const Invocation& call, RunSpec& spec) {
  for (const std::string& pair : call.options.list("env")) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return fail(Errc::invalid_argument, "Invalid env pair: " + server::printable(pair));
    }
    spec.env.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return {};
}

// A word of the Procfile means its command, with what follows as its arguments; nothing means a
// shell. In the container a command of one word is a line for its shell.
Result<> add_command(Invocation& call, const App& app, RunSpec& spec) {
  spec.command.assign(call.args.begin() + 1, call.args.end());
  // `run app -- cmd`, as typed by those who are used to other tools.
  if (!spec.command.empty() && spec.command[0] == "--") spec.command.erase(spec.command.begin());
  if (spec.command.empty()) {
    spec.command = {"/bin/bash"};
    return {};
  }
  const server::ProcessReport report = TRY(call.platform.deploys->report(app));
  if (!report.live) return {};
  const auto found = report.live->processes.find(spec.command[0]);
  if (found == report.live->processes.end()) return {};
  call.print.info1_quiet("Found '" + found->first + "' in Procfile, running that command");
  std::string line = found->second;
  for (std::size_t i = 1; i < spec.command.size(); ++i) {
    line += " " + server::shell_quoted(spec.command[i]);
  }
  spec.command = {line};
  return {};
}

Result<RunSpec> spec_for(Invocation& call, const App& app) {
  RunSpec spec = TRY(call.platform.deploys->one_off(app));
  TRY(add_variables(call, spec));
  TRY(add_command(call, app, spec));
  spec.terminal =
      wants_terminal(call.session, call.options.has("force-tty"), call.options.has("no-tty"));
  spec.columns = call.session.terminal().columns;
  spec.rows = call.session.terminal().rows;
  if (spec.terminal && !call.session.terminal().term.empty()) {
    spec.env.try_emplace("TERM", call.session.terminal().term);
  }
  const long seconds = call.options.number("ttl-seconds", 24L * 60 * 60);
  if (seconds < 1) return fail(Errc::invalid_argument, "--ttl-seconds must be at least 1");
  spec.life = std::chrono::seconds(seconds);
  return spec;
}

// Under a name that no other one-off of the app has.
template <class Start>
auto start(RunSpec spec, Start&& start_it) {
  for (int attempt = 1;; ++attempt) {
    spec.name = one_off_name();
    auto started = start_it(spec);
    if (started || started.error().code() != Errc::already_exists || attempt == kNameAttempts) {
      return started;
    }
  }
}

// Of ends that are not the process's own doing.
std::string explain_end(const RunSpec& spec, const runtime::Exit& exit, bool overdue) {
  constexpr int kKilled = 137;
  if (exit.out_of_memory) {
    const server::InstanceFailure failure =
        server::describe_exit({spec.app, "The command", spec.limits}, exit);
    return failure.explanation + "\n" + failure.advice;
  }
  if (!overdue || exit.status != kKilled) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(spec.life).count();
  return "The command was ended after " + std::to_string(seconds) +
         " s\nLet it run longer: dokku run --ttl-seconds " + std::to_string(2 * seconds) + " " +
         spec.app + " ...";
}

Result<int> run(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  const RunSpec spec = TRY(spec_for(call, app));
  std::unique_ptr<server::OneOff> process =
      TRY(start(spec, [&](const RunSpec& named) { return call.platform.executor->run(named); }));
  const TimePoint end = call.platform.clock.now() + spec.life;
  return hand_over(
      call.session, std::move(process),
      {spec.terminal, [spec, end, &clock = call.platform.clock](const runtime::Exit& exit) {
         return explain_end(spec, exit, clock.now() >= end);
       }});
}

Result<int> run_detached(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  const RunSpec spec = TRY(spec_for(call, app));
  const std::string container = TRY(start(
      spec, [&](const RunSpec& named) { return call.platform.executor->run_detached(named); }));
  call.print.line(container);
  record_event(call, app.name.str(), container);
  return 0;
}

// Typed by a client whose daemon died while it copied: its streams are its own, we tell the end.
Result<int> resume(Invocation& call) {
  const std::string exec = call.args.size() > 1 ? call.args[1] : std::string();
  const bool run = !call.args.empty() && call.args[0].find(".run.") != std::string::npos;
  const bool ours = (exec.empty() ? run : exec.starts_with("enter-")) &&
                    call.platform.scope.sees_container(call.args[0]);
  if (!ours) return fail(Errc::invalid_argument, "run:resume is for the client's own use");
  Result<std::unique_ptr<server::OneOff>> process =
      call.platform.executor->take_over(call.args[0], exec);
  if (!process) {
    return fail(Errc::conflict, call.args[0] + " ended while dokkud was away; its status is lost");
  }
  return hand_over(call.session, *std::move(process), {});
}

}  // namespace

void add_run_commands(Registry& registry) {
  registry.add_topic({"run", "Run a one-off process inside a container"});
  const std::string arguments =
      "[-e|--env KEY=VALUE] [--no-tty|--force-tty] [--ttl-seconds N] <app> [<cmd>]";
  const std::vector<Flag> flags = {
      {"env", 'e', Flag::Kind::list, "a variable for this process alone"},
      {"no-tty", 0, Flag::Kind::boolean, "no terminal, even if the caller has one"},
      {"force-tty", 0, Flag::Kind::boolean, "a terminal, even if the caller has none"},
      {"ttl-seconds", 0, Flag::Kind::number, "how long it may run (86400)"}};
  registry.add({.name = "run",
                .arguments = arguments,
                .description = "Run a command in a new container of the app",
                .run = run,
                .flags = flags,
                .grammar = Grammar::flags_lead,
                .long_running = true});
  registry.add({.name = "run:detached",
                .arguments = arguments,
                .description = "Run a command in a new container, and do not wait for its end",
                .run = run_detached,
                .flags = flags,
                .grammar = Grammar::flags_lead});
  registry.add({.name = "run:resume",
                .arguments = "<container> [<exec>]",
                .description = "Tell the end of a process that an earlier daemon started",
                .run = resume,
                .grammar = Grammar::words,
                .hidden = true,
                .long_running = true});
}

}  // namespace dokku::cli
