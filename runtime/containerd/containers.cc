// Containers over containerd: the only order of calls that there is.
//
//   record ─> snapshot ─> task created ─> started ─> stopped ─> task, record, snapshot removed
//
// The record comes first because it decides who owns the id and keeps the collector away from the
// snapshot. containerd removes records and snapshots also under a running task, and leaves an
// orphan: so the task always goes first.
#include <linux/capability.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/containerd/answers.h"
#include "runtime/containerd/session.h"
#include "runtime/containerd/streams.h"
#include "runtime/oci/runtime_spec.h"

namespace dokku::runtime {
namespace {

using Steady = std::chrono::steady_clock;

constexpr auto kKillLimit = std::chrono::seconds(20);
// Waiting is for events; this only bounds the harm of one that was lost.
constexpr auto kLookAgain = std::chrono::seconds(2);
// With a shared shim: a start may meet one that ends, and another one after that.
constexpr int kStartsMax = 4;
constexpr auto kDyingShimLookAgain = std::chrono::milliseconds(50);

// 0: no limit. Without CAP_SYS_RESOURCE nobody here may raise a hard limit above ours.
std::uint64_t open_files_max() {
  if (::prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1) return 0;
  rlimit ours{};
  return ::getrlimit(RLIMIT_NOFILE, &ours) == 0 ? ours.rlim_max : 0;
}

class ContainerdContainers : public Containers {
 public:
  explicit ContainerdContainers(std::shared_ptr<Session> session)
      : session_(std::move(session)), events_(session_->channel, [this](const std::string& id) {
          return session_->cgroups.out_of_memory(id);
        }) {
    spec_options_.cgroup_parent = session_->options.cgroup_parent;
    spec_options_.oom_score_adj = session_->options.oom_score_adj;
    spec_options_.limit_swap = session_->cgroups.limits_swap();
    spec_options_.open_files_max = open_files_max();
  }

  Result<> create(const ContainerSpec& spec) override;
  Result<pid_t> start(const ContainerId& id, const Stdio& stdio) override;
  Result<> signal(const ContainerId& id, int number, bool all) override {
    if (!all) return signal_init(id.str(), number);
    TRY(expect_running(id));
    return session_->tasks.kill({id.str(), ""}, number, all);
  }
  Result<Exit> wait(const ContainerId& id, Duration limit) override {
    return wait_for({id.str(), ""}, limit);
  }
  Result<Exit> stop(const ContainerId& id, Duration grace) override;
  Result<> remove(const ContainerId& id) override;

  Result<pid_t> exec(const ContainerId& id, const ExecSpec& what, const Stdio& stdio) override;
  Result<Exit> exec_wait(const ContainerId& id, const std::string& exec_id,
                         Duration limit) override {
    return wait_for({id.str(), exec_id}, limit);
  }
  Result<> exec_remove(const ContainerId& id, const std::string& exec_id) override {
    return remove_process({id.str(), exec_id});
  }
  Result<> resize(const ContainerId& id, const std::string& exec_id, unsigned columns,
                  unsigned rows) override {
    return session_->tasks.resize({id.str(), exec_id}, columns, rows);
  }
  Result<> close_stdin(const ContainerId& id, const std::string& exec_id) override {
    return session_->tasks.close_stdin({id.str(), exec_id});
  }
  Result<> limit(const ContainerId& id, const Limits& limits) override {
    TRY(expect_running(id));
    return session_->tasks.update(id.str(), oci::resources_json(limits, spec_options_));
  }

  Result<std::vector<Seen>> list(const Labels& with) override;
  Result<Seen> inspect(const ContainerId& id) override;
  Result<> mount_root(const ContainerId& id, const std::filesystem::path& at) override;
  Result<> unmount_root(const std::filesystem::path& at) override;
  Result<std::string> version() override { return version_of(session_->channel); }
  std::unique_ptr<Watch> watch(std::function<void(const Change&)> on_change) override {
    return events_.watch(std::move(on_change));
  }

 private:
  Result<> prepare_root(const ContainerSpec& spec, const std::string& parent);
  bool is_gone(const ProcessKey& key);
  Result<> create_task(const ProcessKey& key, const std::vector<SnapshotMount>& root,
                       const TaskStreams& streams);
  Result<Exit> wait_for(const ProcessKey& key, Duration limit);
  Result<> remove_process(const ProcessKey& key);
  Result<> adopt_orphan(const std::string& id);
  Result<> expect_running(const ContainerId& id);
  Result<> signal_init(const std::string& id, int number);
  Exit exit_of(const ProcessKey& key, const TaskState& task);
  Seen seen(const ContainerId& id, const Record* record, const TaskState* task);

  std::shared_ptr<Session> session_;
  oci::SpecOptions spec_options_;
  Events events_;
};

bool is(const Error& error, Errc code) { return error.code() == code; }

// --- create, start, stop, remove

Result<> ContainerdContainers::create(const ContainerSpec& spec) {
  const oci::Descriptor manifest = TRY(session_->image_names.get(spec.image.str()));
  const auto image = TRY(session_->unpacked.read(manifest.digest));
  const std::string& id = spec.id.str();
  TRY(session_->records.create({id, spec.image.str(), spec.labels,
                                oci::spec_json(spec, spec_options_),
                                session_->snapshots.snapshotter(), id}));
  // With the record there, an orphan task of this id can be seen again, and ended.
  Result<> ready = remove_process({id, ""});
  if (ready) ready = prepare_root(spec, image->top());
  if (!ready) {
    const Result<> undone = session_->records.remove(id);
    return Fail(std::move(ready).error().while_("creating container " + id));
  }
  return {};
}

Result<> ContainerdContainers::prepare_root(const ContainerSpec& spec, const std::string& parent) {
  const std::string& key = spec.id.str();
  const auto mounts = session_->snapshots.prepare(key, parent);
  if (mounts) return {};
  if (!is(mounts.error(), Errc::already_exists)) return Fail(mounts.error());
  // A removal that was cut short left it: the record that owned it is gone.
  TRY(session_->snapshots.remove(key));
  TRY(session_->snapshots.prepare(key, parent));
  return {};
}

Result<pid_t> ContainerdContainers::start(const ContainerId& id, const Stdio& stdio) {
  const Record record = TRY(session_->records.get(id.str()));
  const TaskStreams streams = TRY(streams_for_init(stdio, oci::wants_terminal(record.spec_json)));
  const auto root = TRY(session_->snapshots.mounts(record.snapshot_key));
  const ProcessKey init{id.str(), ""};
  const bool shared = oci::shares_shim(record.spec_json);
  for (int attempt = 1;; ++attempt) {
    const Result<> created = create_task(init, root, streams);
    Result<pid_t> started =
        created ? session_->tasks.start(init) : Result<pid_t>(Fail(created.error()));
    if (started) return started;
    if (shared && attempt < kStartsMax && is_gone(init)) {
      // containerd is still ending what the lost shim had begun.
      Events::Waiter(events_, init).wait_until(Steady::now() + kDyingShimLookAgain);
      continue;
    }
    if (created) static_cast<void>(remove_process(init));
    return Fail(std::move(started).error().while_("starting container " + id.str()));
  }
}

// A shim ends when the last container of its group is removed. Who comes in that moment is let in,
// and finds himself without a shim: nothing tells so but that the task is not there any more.
bool ContainerdContainers::is_gone(const ProcessKey& key) {
  const Result<TaskState> task = session_->tasks.get(key);
  return !task && is(task.error(), Errc::not_found);
}

// What an earlier start has left is removed first. Of a shim that died containerd keeps the task
// for a moment that no call can see: then this waits for its end.
Result<> ContainerdContainers::create_task(const ProcessKey& key,
                                           const std::vector<SnapshotMount>& root,
                                           const TaskStreams& streams) {
  Events::Waiter waiter(events_, key);
  const TimePoint end = Steady::now() + kKillLimit;
  for (;;) {
    Result<> created = session_->tasks.create(key.id, root, streams);
    if (created || !is(created.error(), Errc::already_exists)) return created;
    const Result<TaskState> task = session_->tasks.get(key);
    if (task && task->state != Seen::State::stopped && task->state != Seen::State::created) {
      return fail(Errc::already_exists, "it is running");
    }
    if (task) {
      TRY(remove_process(key));
    } else if (is(task.error(), Errc::not_found) && Steady::now() < end) {
      waiter.wait_until(Steady::now() + kDyingShimLookAgain);
    } else {
      return Fail(task.error());
    }
  }
}

Result<Exit> ContainerdContainers::stop(const ContainerId& id, Duration grace) {
  const ProcessKey init{id.str(), ""};
  for (const int number : {SIGTERM, SIGKILL}) {
    const Result<> sent = session_->tasks.kill(init, number, true);
    // It may have ended by itself, in which case the wait knows how.
    if (!sent && is(sent.error(), Errc::unavailable)) return Fail(sent.error());
    Result<Exit> exit = wait_for(init, number == SIGTERM ? grace : Duration(kKillLimit));
    if (exit || !is(exit.error(), Errc::timed_out)) return exit;
  }
  return fail(Errc::timed_out, "container " + id.str() + " outlives SIGKILL");
}

Result<> ContainerdContainers::remove(const ContainerId& id) {
  const Result<Record> record = session_->records.get(id.str());
  if (!record && is(record.error(), Errc::not_found)) {
    TRY(adopt_orphan(id.str()));
  } else if (!record) {
    return Fail(record.error());
  }
  TRY(remove_process({id.str(), ""}));
  TRY(session_->records.remove(id.str()));
  events_.forget(id.str());
  return session_->snapshots.remove(id.str());
}

// Without a record no call but List sees a task: so it gets one again. No such task: success.
Result<> ContainerdContainers::adopt_orphan(const std::string& id) {
  const std::vector<TaskState> tasks = TRY(session_->tasks.list());
  const bool orphaned =
      std::any_of(tasks.begin(), tasks.end(), [&](const TaskState& task) { return task.id == id; });
  if (!orphaned) return {};
  Result<> made = session_->records.create({id, "", {}, "{}", "", ""});
  if (!made && is(made.error(), Errc::already_exists)) return {};
  return made;
}

// runc itself signals the no processes of an ended container, and calls that success.
Result<> ContainerdContainers::expect_running(const ContainerId& id) {
  const TaskState task = TRY(session_->tasks.get({id.str(), ""}));
  if (task.state != Seen::State::stopped) return {};
  return fail(Errc::not_found, "container " + id.str() + " has ended");
}

// By system call: containerd would start two programs to make one. The process is held first and
// looked at again, so that its number cannot have gone to another meanwhile.
Result<> ContainerdContainers::signal_init(const std::string& id, int number) {
  const ProcessKey init{id, ""};
  const TaskState task = TRY(session_->tasks.get(init));
  if (task.state != Seen::State::stopped && task.state != Seen::State::running) {
    return session_->tasks.kill(init, number, false);
  }
  const UniqueFd held(static_cast<int>(::syscall(SYS_pidfd_open, task.pid, 0)));
  if (!held.valid() && errno != ESRCH) return fail_syscall("pidfd_open", errno);
  const TaskState again = TRY(session_->tasks.get(init));
  const bool runs = again.state == Seen::State::running && again.pid == task.pid;
  if (!runs || !held.valid()) return fail(Errc::not_found, "container " + id + " has ended");
  if (::syscall(SYS_pidfd_send_signal, held.get(), number, nullptr, 0) == 0) return {};
  if (errno != ESRCH) return fail_syscall("signalling " + id, errno);
  return fail(Errc::not_found, "container " + id + " has ended");
}

// Kills what runs, waits for its end, removes it. Nothing there: success. The end of a container's
// init is that of all in its process namespace.
Result<> ContainerdContainers::remove_process(const ProcessKey& key) {
  for (int attempt = 1;; ++attempt) {
    const Result<TaskState> task = session_->tasks.get(key);
    if (!task && is(task.error(), Errc::not_found)) return {};
    if (!task) return Fail(task.error());
    if (task->state != Seen::State::stopped) {
      const Result<> sent = key.exec_id.empty() ? signal_init(key.id, SIGKILL)
                                                : session_->tasks.kill(key, SIGKILL, false);
      // What was only created has no exit to wait for; what has just ended cannot be killed.
      if (task->state == Seen::State::running || task->state == Seen::State::paused) {
        const Result<Exit> exit = wait_for(key, kKillLimit);
        if (!exit && !is(exit.error(), Errc::not_found)) return Fail(exit.error());
      }
    }
    Result<> removed = session_->tasks.remove(key);
    constexpr int kAttemptsMax = 3;
    if (removed || attempt == kAttemptsMax) return removed;
  }
}

// --- waiting

Result<Exit> ContainerdContainers::wait_for(const ProcessKey& key, Duration limit) {
  Events::Waiter waiter(events_, key);
  // A very long limit must not overflow the clock.
  const TimePoint end = Steady::now() + std::min<Duration>(limit, std::chrono::hours(24 * 365));
  for (;;) {
    const Result<TaskState> task = session_->tasks.get(key);
    const TimePoint now = Steady::now();
    if (task && task->state == Seen::State::stopped) return exit_of(key, *task);
    // A containerd that is away comes back, and then knows how the process ended.
    if (!task && (!is(task.error(), Errc::unavailable) || now >= end)) return Fail(task.error());
    if (now >= end) return fail(Errc::timed_out, key.id + " is still running");
    waiter.wait_until(std::min<TimePoint>(end, now + kLookAgain));
  }
}

Exit ContainerdContainers::exit_of(const ProcessKey& key, const TaskState& task) {
  const bool out_of_memory = key.exec_id.empty() && (session_->cgroups.out_of_memory(key.id) ||
                                                     events_.saw_out_of_memory(key.id));
  return {task.exit_status, task.exited_at, out_of_memory};
}

// --- further processes

Result<pid_t> ContainerdContainers::exec(const ContainerId& id, const ExecSpec& what,
                                         const Stdio& stdio) {
  const ProcessKey key{id.str(), what.exec_id};
  const TaskStreams streams = TRY(streams_for_exec(stdio, what.terminal));
  TRY(session_->tasks.add_exec(key, oci::process_json(what, spec_options_), streams));
  Result<pid_t> started = session_->tasks.start(key);
  if (started) return started;
  const Result<> undone = session_->tasks.remove(key);
  return Fail(std::move(started).error().while_("running in container " + id.str()));
}

// --- looking

Seen ContainerdContainers::seen(const ContainerId& id, const Record* record,
                                const TaskState* task) {
  Seen seen{id};
  seen.has_record = record != nullptr;
  if (record != nullptr) seen.labels = record->labels;
  if (task == nullptr) return seen;
  seen.state = task->state;
  if (task->state == Seen::State::stopped) {
    seen.exit = exit_of({id.str(), ""}, *task);
  } else {
    seen.pid = task->pid;
  }
  return seen;
}

Result<std::vector<Seen>> ContainerdContainers::list(const Labels& with) {
  // Tasks first: one that starts in between is then a record without a task, not an orphan.
  const std::vector<TaskState> tasks = TRY(session_->tasks.list());
  const std::vector<Record> records = TRY(session_->records.list(with));
  std::map<std::string, const TaskState*> unclaimed;
  for (const TaskState& task : tasks) unclaimed[task.id] = &task;
  std::vector<Seen> all;
  for (const Record& record : records) {
    const Result<ContainerId> id = ContainerId::parse(record.id);
    if (!id) continue;  // not made by us
    const auto task = unclaimed.find(record.id);
    if (task == unclaimed.end()) {
      // The list leaves out a task whose shim is too busy to answer; asked for by name it does.
      const Result<TaskState> asked = session_->tasks.get({record.id, ""});
      all.push_back(seen(*id, &record, asked ? &*asked : nullptr));
      continue;
    }
    all.push_back(seen(*id, &record, task->second));
    unclaimed.erase(task);
  }
  if (!with.empty()) return all;
  for (const auto& [name, task] : unclaimed) {
    const Result<ContainerId> id = ContainerId::parse(name);
    if (id) all.push_back(seen(*id, nullptr, task));
  }
  return all;
}

Result<Seen> ContainerdContainers::inspect(const ContainerId& id) {
  const Record record = TRY(session_->records.get(id.str()));
  const Result<TaskState> task = session_->tasks.get({id.str(), ""});
  if (task) return seen(id, &record, &*task);
  if (is(task.error(), Errc::not_found)) return seen(id, &record, nullptr);
  return Fail(task.error());
}

Result<> ContainerdContainers::mount_root(const ContainerId& id, const std::filesystem::path& at) {
  const auto mounts = TRY(session_->snapshots.mounts(id.str()));
  return mount_read_only(mounts, at);
}

Result<> ContainerdContainers::unmount_root(const std::filesystem::path& at) {
  if (::umount2(at.c_str(), UMOUNT_NOFOLLOW) == 0) return {};
  // EINVAL: nothing is mounted there. ENOENT: not even a directory.
  if (errno == EINVAL || errno == ENOENT) return {};
  if (errno == EBUSY && ::umount2(at.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return {};
  return fail_syscall("umount " + at.string(), errno);
}

}  // namespace

std::unique_ptr<Containers> make_containers(std::shared_ptr<Session> session) {
  return std::make_unique<ContainerdContainers>(std::move(session));
}

}  // namespace dokku::runtime
