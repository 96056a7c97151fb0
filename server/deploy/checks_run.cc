// checks:run: the startup checks of what runs, asked for by a person. Part of Deploys.
#include "server/deploy/deploys.h"
#include "server/deploy/health.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

// web has a port, the others are well when they run.
std::vector<HealthCheck> simple_checks(const std::string& type) {
  HealthCheck check;
  check.name = type == "web" ? "port listening check" : "default";
  check.kind = type == "web" ? HealthCheck::Kind::listening : HealthCheck::Kind::uptime;
  return {check};
}

Result<std::vector<InstanceSeen>> chosen(const App& app, const std::string& which,
                                         const std::vector<InstanceSeen>& all) {
  const auto dot = std::min(which.rfind('.'), which.size());
  const std::string type = which.substr(0, dot);
  std::vector<InstanceSeen> out;
  bool type_known = which.empty();
  for (const InstanceSeen& seen : all) {
    type_known = type_known || seen.type == type;
    if (which.empty() || seen.type == which || seen.name() == which) out.push_back(seen);
  }
  const std::string named = "(" + app.name.str() + "." + printable(which) + ")";
  if (!type_known) {
    return fail(Errc::invalid_argument, "Invalid process type specified " + named);
  }
  if (out.empty() && !which.empty()) {
    return fail(Errc::invalid_argument, "Invalid container index specified " + named);
  }
  return out;
}

}  // namespace

Result<> Deploys::check(const App& app, const std::string& which, Progress& progress) {
  const ProcessReport now = TRY(report(app));
  if (!now.deployed) {
    return fail(Errc::conflict, "App " + app.name.str() + " has not been deployed");
  }
  const std::vector<InstanceSeen> asked = TRY(chosen(app, which, now.instances));
  const auto find = [&](ReadTx& tx) -> Result<HealthChecks> {
    const Release running = TRY(find_release(tx, app.id, now.running));
    return startup_checks(tx, app, running);
  };
  HealthChecks checks = TRY(parts_.store.read(find));
  progress.step("Running pre-flight checks");
  unsigned failed = 0;
  for (const InstanceSeen& seen : asked) {
    if (!checks.contains(seen.type)) checks[seen.type] = simple_checks(seen.type);
    progress.step("Running checks for app (" + app.name.str() + "." + seen.name() + ")");
    if (seen.state != InstanceSeen::State::ready) {
      const std::string why = seen.failure ? ": " + seen.failure->explanation : "";
      progress.warn(seen.name() + " is not running" + why);
      ++failed;
      continue;
    }
    const HealthRun run{parts_, app, progress};
    const auto outcome = TRY(run_health_checks(run, checks, {seen}, {}));
    failed += outcome ? outcome->failure->checks : 0;
  }
  if (failed == 0) return {};
  return fail(Errc::conflict, std::to_string(failed) +
                                  " checks failed\nSee what it says: dokku logs " +
                                  app.name.str());
}

}  // namespace dokku::server
