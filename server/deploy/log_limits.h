// What logs:set says, brought to where the loggers of an app read it.
#pragma once

#include "server/logs/daemon_logs.h"
#include "server/model/instance.h"
#include "server/store/apps.h"
#include "server/store/store.h"

namespace dokku::server {

inline constexpr const char* kLogsMaxSize = "logs.max-size";
inline constexpr const char* kLogsBudget = "logs.budget";
inline constexpr const char* kLogsBudgetDefault = "2g";

// Before processes of the app start, and after a change.
Result<> apply_log_limits(const Instance& instance, Store& store, const App& app);
// The files of our own programs, where no journal takes what they print.
std::vector<DaemonLog> own_logs(const Instance& instance);
// What the logs of all apps together may have; 0: no limit.
std::uint64_t logs_budget(Store& store);

}  // namespace dokku::server
