// Stage "start": the new release's processes beside the old ones, until each has shown that it is
// ready. Readiness is seen by the executor; here somebody waits for it, and explains what went
// wrong.
#include <algorithm>

#include "server/deploy/changes.h"
#include "server/deploy/failed_output.h"
#include "server/deploy/health.h"
#include "server/deploy/log_limits.h"
#include "server/deploy/output_tail.h"
#include "server/deploy/pipeline.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

// Beyond the executor's own limit: for the starts themselves.
constexpr Duration kStartSlack = std::chrono::seconds(60);
constexpr Duration kFailureSlack = std::chrono::seconds(2);
constexpr std::size_t kOutputLines = 30;

struct Outcome {
  std::optional<InstanceSeen> failed;
  std::vector<std::string> ready;  // "web.1"
};

Outcome look_at(const std::vector<InstanceSeen>& instances, std::uint64_t release) {
  Outcome outcome;
  for (const InstanceSeen& seen : instances) {
    if (seen.release != release || seen.state == InstanceSeen::State::stopping) continue;
    if (seen.state == InstanceSeen::State::ready) {
      outcome.ready.push_back(seen.name());
    } else if (seen.failure && !outcome.failed) {
      outcome.failed = seen;
    }
  }
  return outcome;
}

void announce(Deploy& deploy, const ReleaseWanted& wanted, const Formation& set) {
  deploy.progress.step("Deploying " + deploy.name() + "...");
  for (const auto& [type, count] : set) {
    // By name: clang does not let a lambda take the binding itself.
    const auto is_it = [&type = type](const ProcessWanted& one) { return one.type == type; };
    const bool known = std::any_of(wanted.processes.begin(), wanted.processes.end(), is_it);
    if (count == 0 || known || type == "release") continue;
    deploy.progress.warn("Skipping " + type + " as it is missing from the current Procfile");
  }
  for (const ProcessWanted& process : wanted.processes) {
    if (process.count == 0 && process.type != "web") continue;
    deploy.progress.step("Deploying " + process.type + " (count=" + std::to_string(process.count) +
                         ")");
    for (unsigned index = 1; index <= process.count; ++index) {
      deploy.progress.detail("Attempting pre-flight checks (" + process.type + "." +
                             std::to_string(index) + ")");
    }
  }
}

}  // namespace

Result<> Pipeline::start(Deploy& deploy, const Release& release) {
  const ReleaseWanted wanted =
      TRY(parts_.store.read([&](ReadTx& tx) { return wanted_release(tx, deploy.app, release); }));
  const Formation set =
      TRY(parts_.store.read([&](ReadTx& tx) { return set_formation(tx, deploy.app.id, release); }));
  TRY(apply_log_limits(parts_.instance, parts_.store, deploy.app));
  announce(deploy, wanted, set);
  return start_and_check(deploy, release, wanted);
}

Result<> Pipeline::start_and_check(Deploy& deploy, const Release& release,
                                   const ReleaseWanted& wanted) {
  const HealthChecks checks =
      TRY(parts_.store.read([&](ReadTx& tx) { return startup_checks(tx, deploy.app, release); }));
  std::set<std::string> known;  // scaling up: they serve already
  for (const std::string& name :
       look_at(parts_.executor.instances(deploy.name()), wanted.release).ready) {
    known.insert(name);
  }
  TRY(parts_.executor.want(wanted));
  TRY(await_ready(deploy, wanted, checks, known));
  return check_health(deploy, wanted, checks, known);
}

// `told`: of whom nothing is to be said (again).
Result<> Pipeline::await_ready(Deploy& deploy, const ReleaseWanted& wanted,
                               const HealthChecks& checks, std::set<std::string> told) {
  Changes changes(parts_.executor, deploy.name());
  const TimePoint deadline = parts_.clock.now() + wanted.ready_limit + kStartSlack;
  for (;;) {
    const std::vector<InstanceSeen> instances = parts_.executor.instances(deploy.name());
    const Outcome outcome = look_at(instances, wanted.release);
    if (outcome.failed) return Fail(explain_failure(deploy, *outcome.failed));
    for (const std::string& name : outcome.ready) {
      if (!told.insert(name).second) continue;
      if (checks.contains(name.substr(0, name.rfind('.')))) continue;
      deploy.progress.detail("All checks successful (" + name + ")");
    }
    if (all_ready(instances, wanted)) return {};
    TRY(changes.wait(&deploy.progress.cancel(), deadline, parts_.clock));
  }
}

// A process that ends while it is checked fails the deploy at once.
Result<> Pipeline::check_health(Deploy& deploy, const ReleaseWanted& wanted,
                                const HealthChecks& checks, const std::set<std::string>& known) {
  if (checks.empty()) return {};
  Changes changes(parts_.executor, deploy.name());
  std::optional<InstanceSeen> ended;
  HealthRun run{parts_, deploy.app, deploy.progress, changes.fd()};
  run.interrupted = [&]() -> Result<> {
    changes.clear();
    ended = look_at(parts_.executor.instances(deploy.name()), wanted.release).failed;
    return ended ? fail(Errc::unavailable, "ended") : Result<>();
  };
  std::vector<InstanceSeen> mine = parts_.executor.instances(deploy.name());
  std::erase_if(mine, [&](const InstanceSeen& seen) { return seen.release != wanted.release; });
  const auto checked = run_health_checks(run, checks, mine, known);
  if (ended) return Fail(explain_failure(deploy, *ended));
  if (!checked) return Fail(checked.error());
  if (*checked) return Fail(explain_failure(deploy, **checked));
  return {};
}

// Ends what failed first: its logger has then written all that there was to write.
Error Pipeline::explain_failure(Deploy& deploy, const InstanceSeen& failed) {
  Changes gone(parts_.executor, deploy.name());
  const auto old = parts_.store.read([&](ReadTx& tx) { return running_number(tx, deploy.app.id); });
  const bool serves_on = old && *old && **old != failed.release;
  if (serves_on || (old && !*old)) {
    parts_.executor.forget(deploy.name(), failed.release, {});
  }
  const TimePoint deadline = parts_.clock.now() + kFailureSlack;
  const auto still_there = [&] {
    for (const InstanceSeen& seen : parts_.executor.instances(deploy.name())) {
      if (seen.container == failed.container) return true;
    }
    return false;
  };
  while (still_there() && gone.wait(nullptr, deadline, parts_.clock)) {
  }
  const std::string where = deploy.name() + " container output (" + failed.name() + ")";
  const auto lines = last_output(
      {parts_.instance.logs_dir(), deploy.name(), failed.name(), failed.container}, kOutputLines);
  keep_failed_output(parts_.instance, deploy.app, {failed.name(), lines});
  deploy.progress.title("Start of " + where);
  for (const std::string& line : lines) deploy.progress.detail(line);
  deploy.progress.title("End of " + where);
  std::string message = "Could not start due to " + std::to_string(failed.failure->checks) +
                        " failed checks (" + failed.name() + ")\n" + failed.failure->explanation;
  if (!failed.failure->advice.empty()) message += "\n" + failed.failure->advice;
  message += serves_on ? "\nRelease " + std::to_string(**old) +
                             " serves on as before; see more with: dokku logs " + deploy.name()
                       : "\nFix it and push again; see more with: dokku logs " + deploy.name();
  return {Errc::invalid_argument, message};
}

}  // namespace dokku::server
