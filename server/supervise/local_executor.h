// LocalExecutor: the Executor over this machine's containers.
//
// One thread holds the state machine (supervision.h) and sleeps until something happens or is due;
// two workers carry out what blocks (start, stop, remove). What the runtime reports comes through
// its watch. Nothing polls, but for the wait until a fresh process listens.
//
// Ends without touching a container: they run on, and the next daemon adopts them.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/api/containers.h"
#include "runtime/api/networks.h"
#include "server/supervise/executor.h"
#include "server/supervise/launch.h"
#include "server/supervise/one_offs.h"
#include "server/supervise/supervision.h"

namespace dokku::server {

class LocalExecutor final : public Executor {
 public:
  // Borrowed; they outlive the executor.
  struct Parts {
    runtime::Containers& containers;
    runtime::Networks& networks;
    const Clock& clock;
    HostSide host;
    std::filesystem::path streams_dir;  // below the run directory
    // Looks at a process's listeners; a test's answer in place of /proc. Empty: look_at_listeners.
    std::function<Listening(pid_t, std::uint16_t port)> probe;
  };
  explicit LocalExecutor(Parts parts);
  ~LocalExecutor() override;

  Result<> adopt(const std::vector<ReleaseWanted>& wanted) override;
  void end_strangers(const std::string& app) override;
  Result<> want(const ReleaseWanted& release) override;
  void forget(const std::string& app, std::uint64_t release, std::function<void()> then) override;
  Result<> erase(const std::string& app, Duration limit) override;
  void retry_now(const std::string& app) override;
  std::vector<InstanceSeen> instances(const std::string& app) override;
  std::unique_ptr<runtime::Watch> watch(
      std::function<void(const InstanceSeen&)> on_change) override;
  Result<std::unique_ptr<OneOff>> run(const RunSpec& spec) override;
  Result<std::unique_ptr<OneOff>> enter(const EnterSpec& spec) override;
  Result<std::unique_ptr<OneOff>> take_over(const std::string& container,
                                            const std::string& exec) override;
  Result<std::string> run_detached(const RunSpec& spec) override;
  Result<> stop_one_off(const std::string& container, Duration grace) override;
  Result<std::vector<OneOffSeen>> one_offs(const std::string& app) override;

 private:
  using Job = std::function<void()>;
  struct Forgetting {
    std::string app;
    std::uint64_t release = 0;
    std::function<void()> then;
  };
  struct Watcher;
  class Subscription;

  void mind();
  void work();
  std::vector<Job> due_callbacks();
  void say_when_booted();
  void carry_out(const Supervision::Action& action);
  void tell(const std::vector<InstanceSeen>& changes);
  // Lets the minding thread look at what was just fed to the machine.
  void wake();
  void mind_lives();
  void enqueue(Job job);

  Result<Supervision::Launched> launch(const InstanceKey& key, const ReleaseWanted& release);
  Result<> remove(const runtime::ContainerId& id);
  void discard(const runtime::ContainerId& id);
  void on_change(const runtime::Change& change);
  void relist();
  Result<> look_at_all();
  void remove_leftovers(const std::vector<runtime::Seen>& seen,
                        const std::vector<runtime::Endpoint>& endpoints,
                        const std::vector<InstanceKey>& unwanted);

  Parts parts_;
  OneOffs one_offs_;

  std::mutex mutex_;  // all below
  std::condition_variable woken_;
  std::condition_variable changed_;
  std::condition_variable jobs_waiting_;
  Supervision machine_;
  const TimePoint machine_begun_;
  bool boot_told_ = false;
  std::map<std::string, InstanceKey> keys_;  // by container id
  std::deque<Job> jobs_;
  std::vector<std::pair<TimePoint, Job>> later_;
  std::vector<Forgetting> forgetting_;
  bool awake_ = false;
  bool adopting_ = true;  // the first list has not been seen
  bool wanted_known_ = false;
  bool stopping_ = false;

  std::mutex watchers_mutex_;
  std::vector<Watcher*> watchers_;

  std::vector<std::thread> threads_;
  std::unique_ptr<runtime::Watch> watch_;
};

}  // namespace dokku::server
