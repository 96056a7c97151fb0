// FakeContainers: a container runtime in memory, for tests of what sits above it.
//
// A state machine of the same transitions as the real one, and held to the same contract suite
// (tests/runtime/containerd). Nothing runs: tests end processes with `end`, or script them with
// `on_run`. SIGTERM ends a process with 143 unless it ignores it; SIGKILL always with 137.
//
//   (none) ──create──> no_task ──start──> running ──end/kill──> stopped ──start──> running
//                         └──────────────remove, from any state──────────────> (none)
//
// Threads: any. Watches are called from one thread per watch, in order.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/api/containers.h"
#include "runtime/api/images.h"

namespace dokku::testing {

class FakeContainers : public runtime::Containers {
 public:
  // What was started: a container's init (`exec_id` empty) or a further process.
  struct Started {
    std::string id;
    std::string exec_id;
    std::vector<std::string> args;
    std::vector<std::string> env;
    runtime::Stdio stdio;
  };
  // Called for each start, without locks, on the caller's thread: may write to the FIFOs, and
  // returns the exit status of a process that ends at once, or nothing: it keeps running.
  using Program = std::function<std::optional<int>(const Started&)>;

  // With `images`, create fails with not_found for images that are not there.
  explicit FakeContainers(runtime::Images* images = nullptr);
  ~FakeContainers() override;

  Result<> create(const runtime::ContainerSpec& spec) override;
  Result<pid_t> start(const runtime::ContainerId& id, const runtime::Stdio& stdio) override;
  Result<> signal(const runtime::ContainerId& id, int number, bool all) override;
  Result<runtime::Exit> wait(const runtime::ContainerId& id, Duration limit) override;
  Result<runtime::Exit> stop(const runtime::ContainerId& id, Duration grace) override;
  Result<> remove(const runtime::ContainerId& id) override;
  Result<pid_t> exec(const runtime::ContainerId& id, const runtime::ExecSpec& what,
                     const runtime::Stdio& stdio) override;
  Result<runtime::Exit> exec_wait(const runtime::ContainerId& id, const std::string& exec_id,
                                  Duration limit) override;
  Result<> exec_remove(const runtime::ContainerId& id, const std::string& exec_id) override;
  Result<> resize(const runtime::ContainerId& id, const std::string& exec_id, unsigned columns,
                  unsigned rows) override;
  Result<> close_stdin(const runtime::ContainerId& id, const std::string& exec_id) override;
  Result<> limit(const runtime::ContainerId& id, const runtime::Limits& limits) override;
  Result<std::vector<runtime::Seen>> list(const runtime::Labels& with) override;
  Result<runtime::Seen> inspect(const runtime::ContainerId& id) override;
  // Copies what `set_root` named, if anything; unmount_root empties the directory again.
  Result<> mount_root(const runtime::ContainerId& id, const std::filesystem::path& at) override;
  Result<> unmount_root(const std::filesystem::path& at) override;
  Result<std::string> version() override;
  std::unique_ptr<runtime::Watch> watch(
      std::function<void(const runtime::Change&)> on_change) override;

  // --- for tests ---
  void on_run(Program program);
  // Ends the container's init, as if by itself. False: it was not running.
  bool end(const std::string& id, int status, bool out_of_memory = false);
  bool end_exec(const std::string& id, const std::string& exec_id, int status);
  // From now on SIGTERM does not end processes of containers whose id starts so.
  void ignore_sigterm(const std::string& id_prefix);
  // The next call of this name fails: "create", "start", "exec", "stop", "remove", "list",
  // "version".
  void fail_next(const std::string& call, Error error);
  // Drops a record but not its task, as removal under a running task does.
  void make_orphan(const std::string& id);
  void set_root(const std::string& id, std::filesystem::path directory);
  // Sends a relist to every watch, as after a lost connection.
  void relist();
  // Blocks until every watch has been called for all that has happened.
  void flush();
  // Every changing call so far: "create blog.web.1", "signal blog.web.1 15", …
  std::vector<std::string> calls() const;
  std::optional<runtime::ContainerSpec> spec(const std::string& id) const;
  std::size_t size() const;
  // A container's init with this pid has not ended.
  bool runs(pid_t pid) const;

 private:
  struct Process;
  struct Container;
  struct Subscription;
  class FakeWatch;
  using Lock = std::unique_lock<std::mutex>;

  Result<> enter(const std::string& call, const std::string& subject);
  Result<Process*> running(const std::string& id, const std::string& exec_id);
  Result<Process*> known(const std::string& id, const std::string& exec_id);
  Result<runtime::Exit> wait_for(const std::string& id, const std::string& exec_id, Duration limit);
  Result<pid_t> launch(const Started& what);
  void end_locked(const std::string& id, const std::string& exec_id, int status, bool oom);
  void deliver(runtime::Change change);

  runtime::Images* images_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Container> containers_;
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  std::map<std::string, Error> failures_;
  std::set<std::string> sigterm_ignored_;
  std::map<std::string, std::filesystem::path> roots_;
  std::vector<std::string> calls_;
  Program program_;
  pid_t next_pid_ = 1000;
};

}  // namespace dokku::testing
