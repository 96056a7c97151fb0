// Upgrades: which versions of our programs there are, how the last change went, and the way back
// (`upgrade:status`, `upgrade:rollback`). docs/operate.md, "Upgrade".
//
// The change itself is dokku-supervise's: this daemon is one of those that are replaced. Threads:
// any; one of its own for each caller who waits for a change.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "runtime/api/containers.h"
#include "server/model/instance.h"
#include "server/model/upgrade_record.h"
#include "server/store/snapshots.h"
#include "server/store/store.h"

namespace dokku::server {

struct UpgradeStatus {
  std::string running;   // the version that the link leads to; empty: the programs have no versions
  std::string previous;  // what upgrade:rollback leads to; empty: nothing
  int schema = 0;
  std::optional<UpgradeRecord> last;
  std::vector<Snapshot> snapshots;  // the newest first
};

// A change under way, with what it says.
struct UpgradeUnderWay {
  Process process;
  UniqueFd out, err;
};

class Upgrades {
 public:
  // `config_file`: of the instance, for dokku-supervise; empty in tests.
  Upgrades(const Instance& instance, Store& store, runtime::Containers* containers,
           std::filesystem::path config_file)
      : instance_(instance), store_(store), containers_(containers), config_(config_file) {}
  ~Upgrades();

  UpgradeStatus status() const;
  std::filesystem::path snapshots_dir() const { return instance_.state_dir / "snapshots"; }
  // Does a write reach the store, do containerd and the proxy answer? unavailable: which does not.
  Result<> probe();
  // not_found: no earlier version is kept. It outlives us.
  Result<UpgradeUnderWay> start_rollback();
  // Calls `tell` with the exit status, from another thread.
  void when_ended(Process process, std::function<void(int)> tell);
  // The same of a change that another daemon started.
  void when_settled(std::function<void(int)> tell);

 private:
  void wait_elsewhere(std::function<int()> wait, std::function<void(int)> tell);

  const Instance& instance_;
  Store& store_;
  runtime::Containers* const containers_;  // null: is not asked
  const std::filesystem::path config_;
  std::mutex mutex_;
  bool ending_ = false;
  std::vector<std::thread> waiting_;  // guarded by mutex_
};

}  // namespace dokku::server
