#include "server/deploy/log_limits.h"

#include "server/logs/limits.h"
#include "server/store/properties.h"

namespace dokku::server {

Result<> apply_log_limits(const Instance& instance, Store& store, const App& app) {
  const std::string size = TRY(
      store.read([&](ReadTx& tx) { return computed_property(tx, app.id, kLogsMaxSize, ""); }));
  return write_log_limits(instance.logs_dir() / app.name.str(), parse_log_size(size));
}

std::vector<DaemonLog> own_logs(const Instance& instance) {
  std::vector<DaemonLog> more;
  if (instance.private_containerd) {
    more.push_back({"containerd", instance.containerd_root / "containerd.log"});
  }
  return daemon_logs(instance.daemon_logs_dir, more);
}

std::uint64_t logs_budget(Store& store) {
  const Result<std::string> text = store.read([](ReadTx& tx) {
    return computed_property(tx, AppId::global, kLogsBudget, kLogsBudgetDefault);
  });
  if (!text) return kLogsUnlimited;
  return parse_log_size(*text).value_or(kLogsUnlimited);
}

}  // namespace dokku::server
