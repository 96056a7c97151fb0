// Health: which checks the processes of an app must pass, and the tasks that carry them out.
//
// From app.json's "healthchecks", else the file CHECKS (for web), else none: then readiness as the
// executor sees it is all. `checks:disable` and `checks:skip` name types that are not looked at.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "server/checks/check_loop.h"
#include "server/deploy/pipeline.h"
#include "server/model/health_check.h"

namespace dokku::server {

// "none", "_all_", or "web,worker".
struct CheckLists {
  std::string disabled = "none";  // old processes end before new ones start, nothing is checked
  std::string skipped = "none";   // nothing is checked
};
inline constexpr const char* kChecksDisabled = "checks.disabled-list";
inline constexpr const char* kChecksSkipped = "checks.skipped-list";
inline constexpr const char* kChecksWaitToRetire = "checks.wait-to-retire";

Result<CheckLists> check_lists(const ReadTx& tx, AppId app);
bool list_names(const std::string& list, std::string_view type);
// How long processes may go on with requests that they have, once new ones serve.
Result<std::chrono::seconds> wait_to_retire(const ReadTx& tx, AppId app);

// The startup checks of each type that `release` has and nobody disabled or skipped.
Result<HealthChecks> startup_checks(const ReadTx& tx, const App& app, const Release& release);

// Runs `checks` against `instances` at once and says how it goes. `skip`: names ("web.1") that were
// checked before. Returns the first process that failed, as one that is not ready.
struct HealthRun {
  const DeployParts& parts;
  const App& app;
  Progress& progress;
  int interrupt_fd = -1;
  std::function<Result<>()> interrupted = {};
};
Result<std::optional<InstanceSeen>> run_health_checks(const HealthRun& run,
                                                      const HealthChecks& checks,
                                                      const std::vector<InstanceSeen>& instances,
                                                      const std::set<std::string>& skip);

}  // namespace dokku::server
