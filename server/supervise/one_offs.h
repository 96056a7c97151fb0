// One-off processes over containers: `run`, release-phase commands, `enter`.
//
// Owned by LocalExecutor, which passes on what the runtime reports. Threads: any.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "runtime/api/containers.h"
#include "runtime/api/networks.h"
#include "server/supervise/executor.h"
#include "server/supervise/launch.h"
#include "server/supervise/streams.h"

namespace dokku::server {

class OneOffs {
 public:
  struct Parts {
    runtime::Containers& containers;
    runtime::Networks& networks;
    const Clock& clock;
    HostSide host;
    std::filesystem::path streams_dir;
    // Removes container and endpoint, now or later; does not block.
    std::function<void(const runtime::ContainerId&)> discard;
  };
  explicit OneOffs(Parts parts) : parts_(std::move(parts)) {}

  Result<std::unique_ptr<OneOff>> run(const RunSpec& spec);
  Result<std::unique_ptr<OneOff>> enter(const EnterSpec& spec, const InstanceKey& key,
                                        const ReleaseWanted& release);
  Result<std::unique_ptr<OneOff>> take_over(const std::string& container, const std::string& exec);
  Result<std::string> run_detached(const RunSpec& spec);
  Result<> stop(const std::string& container, Duration grace);
  Result<std::vector<Executor::OneOffSeen>> list(const std::string& app);

  // From the runtime's watch; does not block.
  void changed(const runtime::Change& change);
  // Events may have been lost: asks the runtime about each that runs. Blocks.
  void look_again();
  // One left by an earlier daemon: kept while its client still reads, or when it never had one,
  // else discarded.
  void adopt(const runtime::Seen& seen);
  // Discards those whose life is over; when to come back.
  std::optional<TimePoint> end_overdue();
  // Kills and removes all of an app. Blocks.
  Result<> erase(const std::string& app);

  // What the runtime and the holder of a OneOff share.
  struct Ending {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<runtime::Exit> exit;
    std::function<void(const runtime::Exit&)> then;
    bool nobody_waits = false;  // adopted, or detached: remove it when it ends
  };
  using Key = std::pair<std::string, std::string>;  // container, exec (empty: its init)

 private:
  class Handle;
  Result<runtime::ContainerSpec> container_of(const RunSpec& spec,
                                              const runtime::Endpoint& endpoint);
  Result<> start_detached(const runtime::ContainerId& id, const RunSpec& spec);
  std::shared_ptr<Ending> expect(const Key& key);
  std::shared_ptr<Ending> join(const Key& key);
  Result<std::shared_ptr<Ending>> expect_new(const Key& key);
  void forget(const Key& key);
  void settle(const Key& key, const runtime::Exit& exit);
  void keep_until(const std::string& container, Duration life);

  Parts parts_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Ending>> endings_;
  std::map<std::string, TimePoint> until_;
  std::uint64_t next_exec_ = 1;
};

}  // namespace dokku::server
