#include "server/supervise/local_executor.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "server/supervise/volumes.h"

namespace dokku::server {
namespace {

constexpr int kWorkers = 2;

using Action = Supervision::Action;

}  // namespace

struct LocalExecutor::Watcher {
  std::function<void(const InstanceSeen&)> on_change;
};

class LocalExecutor::Subscription final : public runtime::Watch {
 public:
  Subscription(LocalExecutor& owner, std::function<void(const InstanceSeen&)> on_change)
      : owner_(owner), watcher_{std::move(on_change)} {
    std::lock_guard hold(owner_.watchers_mutex_);
    owner_.watchers_.push_back(&watcher_);
  }
  ~Subscription() override {
    std::lock_guard hold(owner_.watchers_mutex_);
    std::erase(owner_.watchers_, &watcher_);
  }

 private:
  LocalExecutor& owner_;
  Watcher watcher_;
};

LocalExecutor::LocalExecutor(Parts parts)
    : parts_(std::move(parts)),
      one_offs_({parts_.containers, parts_.networks, parts_.clock, parts_.host, parts_.streams_dir,
                 [this](const runtime::ContainerId& id) { discard(id); }}),
      machine_(parts_.clock),
      machine_begun_(parts_.clock.now()) {
  if (!parts_.probe) parts_.probe = look_at_listeners;
  threads_.emplace_back([this] { mind(); });
  for (int i = 0; i < kWorkers; ++i) threads_.emplace_back([this] { work(); });
  watch_ = parts_.containers.watch([this](const runtime::Change& change) { on_change(change); });
}

LocalExecutor::~LocalExecutor() {
  watch_.reset();
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  jobs_waiting_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

// --- what the pipeline asks

Result<> LocalExecutor::want(const ReleaseWanted& release) {
  std::lock_guard hold(mutex_);
  machine_.want(release);
  wake();
  return {};
}

void LocalExecutor::forget(const std::string& app, std::uint64_t release,
                           std::function<void()> then) {
  std::lock_guard hold(mutex_);
  machine_.forget(app, release);
  if (then) forgetting_.push_back({app, release, std::move(then)});
  wake();
}

Result<> LocalExecutor::erase(const std::string& app, Duration limit) {
  {
    std::lock_guard hold(mutex_);
    machine_.erase(app);
    wake();
  }
  TRY(one_offs_.erase(app));
  std::unique_lock hold(mutex_);
  const bool gone = changed_.wait_for(hold, limit, [&] { return !machine_.has(app, 0); });
  if (!gone) return fail(Errc::timed_out, "processes of " + app + " do not end");
  return {};
}

void LocalExecutor::retry_now(const std::string& app) {
  std::lock_guard hold(mutex_);
  machine_.retry_now(app);
  wake();
}

std::vector<InstanceSeen> LocalExecutor::instances(const std::string& app) {
  std::lock_guard hold(mutex_);
  return machine_.seen(app);
}

std::unique_ptr<runtime::Watch> LocalExecutor::watch(
    std::function<void(const InstanceSeen&)> on_change) {
  return std::make_unique<Subscription>(*this, std::move(on_change));
}

Result<std::unique_ptr<OneOff>> LocalExecutor::run(const RunSpec& spec) {
  auto started = one_offs_.run(spec);
  mind_lives();
  return started;
}

Result<std::string> LocalExecutor::run_detached(const RunSpec& spec) {
  auto started = one_offs_.run_detached(spec);
  mind_lives();
  return started;
}

Result<> LocalExecutor::stop_one_off(const std::string& container, Duration grace) {
  return one_offs_.stop(container, grace);
}

// The minding thread may sleep for longer than a fresh one-off may live.
void LocalExecutor::mind_lives() {
  std::lock_guard hold(mutex_);
  wake();
}

Result<std::unique_ptr<OneOff>> LocalExecutor::enter(const EnterSpec& spec) {
  std::optional<InstanceKey> key;
  std::shared_ptr<const ReleaseWanted> release;
  {
    std::lock_guard hold(mutex_);
    for (const InstanceSeen& seen : machine_.seen(spec.app)) {
      if (seen.type != spec.type || seen.index != spec.index || seen.pid == 0) continue;
      if (seen.state == InstanceSeen::State::stopping) continue;
      if (spec.release != 0 && seen.release != spec.release) continue;
      key = InstanceKey{seen.app, seen.type, seen.index, seen.release};
      release = machine_.release_of(*key);
    }
  }
  if (!key || !release) {
    return fail(Errc::not_found, spec.type + "." + std::to_string(spec.index) + " is not running");
  }
  return one_offs_.enter(spec, *key, *release);
}

Result<std::unique_ptr<OneOff>> LocalExecutor::take_over(const std::string& container,
                                                         const std::string& exec) {
  return one_offs_.take_over(container, exec);
}

Result<std::vector<Executor::OneOffSeen>> LocalExecutor::one_offs(const std::string& app) {
  return one_offs_.list(app);
}

// --- the minding thread

void LocalExecutor::wake() {
  awake_ = true;
  woken_.notify_one();
}

void LocalExecutor::mind() {
  std::unique_lock hold(mutex_);
  while (!stopping_) {
    awake_ = false;
    machine_.tick();
    say_when_booted();
    const std::vector<Action> actions = machine_.take_actions();
    const std::vector<InstanceSeen> changes = machine_.take_changes();
    std::vector<Job> callbacks = due_callbacks();
    hold.unlock();
    const std::optional<TimePoint> overdue = one_offs_.end_overdue();
    for (const Action& action : actions) carry_out(action);
    tell(changes);
    for (const Job& callback : callbacks) callback();
    hold.lock();
    if (!changes.empty()) changed_.notify_all();
    if (awake_ || stopping_) continue;
    std::optional<TimePoint> next = machine_.next_timer();
    if (overdue) next = std::min(next.value_or(*overdue), *overdue);
    for (const auto& [at, job] : later_) next = std::min(next.value_or(at), at);
    const auto woken = [this] { return awake_ || stopping_; };
    if (next) {
      woken_.wait_until(hold, *next, woken);
    } else {
      woken_.wait(hold, woken);
    }
  }
}

void LocalExecutor::say_when_booted() {
  if (boot_told_ || !machine_.booted()) return;
  boot_told_ = true;
  if (machine_.missing_at_first() == 0) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.now() -
                                                                          machine_begun_);
  log::info("boot: " + std::to_string(machine_.missing_at_first()) +
            " processes were started in " + std::to_string(took.count()) + " ms");
}

// Releases that are gone by now, and jobs whose time has come.
std::vector<LocalExecutor::Job> LocalExecutor::due_callbacks() {
  std::vector<Job> due;
  std::erase_if(forgetting_, [&](Forgetting& one) {
    if (machine_.has(one.app, one.release)) return false;
    due.push_back(std::move(one.then));
    return true;
  });
  const TimePoint now = parts_.clock.now();
  std::erase_if(later_, [&](auto& one) {
    if (one.first > now) return false;
    jobs_.push_back(std::move(one.second));
    jobs_waiting_.notify_one();
    return true;
  });
  return due;
}

void LocalExecutor::tell(const std::vector<InstanceSeen>& changes) {
  std::lock_guard hold(watchers_mutex_);
  for (const InstanceSeen& change : changes) {
    for (Watcher* watcher : watchers_) watcher->on_change(change);
  }
}

void LocalExecutor::carry_out(const Action& action) {
  const InstanceKey& key = action.key;
  const runtime::ContainerId id = instance_container(key);
  switch (action.kind) {
    case Action::Kind::probe: {
      const Listening listening = parts_.probe(action.pid, action.release->port);
      std::lock_guard hold(mutex_);
      machine_.probed(key, listening);
      return wake();
    }
    case Action::Kind::launch:
      return enqueue([this, key, release = action.release] {
        const auto result = launch(key, *release);
        std::lock_guard hold(mutex_);
        machine_.launched(key, result);
        wake();
      });
    case Action::Kind::look:
      return enqueue([this, key, id] {
        const auto result = parts_.containers.inspect(id);
        std::lock_guard hold(mutex_);
        machine_.looked(key, result);
        wake();
      });
    case Action::Kind::terminate:
      return enqueue([this, key, id] {
        const auto result = parts_.containers.signal(id, SIGTERM, false);  // init tells the others
        std::lock_guard hold(mutex_);
        machine_.terminated(key, result);
        wake();
      });
    case Action::Kind::remove:
      return enqueue([this, key, id] {
        const auto result = remove(id);
        std::lock_guard hold(mutex_);
        machine_.removed(key, result);
        wake();
      });
  }
}

// --- the workers

void LocalExecutor::enqueue(Job job) {
  std::lock_guard hold(mutex_);
  jobs_.push_back(std::move(job));
  jobs_waiting_.notify_one();
}

void LocalExecutor::work() {
  std::unique_lock hold(mutex_);
  for (;;) {
    jobs_waiting_.wait(hold, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    hold.unlock();
    job();
    hold.lock();
  }
}

Result<Supervision::Launched> LocalExecutor::launch(const InstanceKey& key,
                                                    const ReleaseWanted& release) {
  const auto process = std::find_if(release.processes.begin(), release.processes.end(),
                                    [&](const ProcessWanted& one) { return one.type == key.type; });
  if (process == release.processes.end()) return fail(Errc::not_found, "no process " + key.type);
  const runtime::ContainerId id = instance_container(key);
  const runtime::Endpoint endpoint = TRY(parts_.networks.attach(id));
  const runtime::Stdio stdio = instance_stdio(key, parts_.host);
  std::error_code failed;
  std::filesystem::create_directories(stdio.logger_value, failed);
  if (failed) return fail(Errc::internal, "mkdir " + stdio.logger_value + ": " + failed.message());
  {
    std::lock_guard hold(mutex_);
    keys_[id.str()] = key;
  }
  auto spec = instance_spec(key, release, *process, endpoint, parts_.host);
  const std::vector<runtime::Mount> volumes =
      TRY(ensure_volumes(release.mounts, parts_.host.storage_dir));
  spec.mounts.insert(spec.mounts.end(), volumes.begin(), volumes.end());
  auto created = parts_.containers.create(spec);
  if (!created && created.error().code() == Errc::already_exists) {
    TRY(parts_.containers.remove(id));  // of an earlier attempt
    created = parts_.containers.create(spec);
  }
  TRY(std::move(created));
  const pid_t pid = TRY(parts_.containers.start(id, stdio));
  return Supervision::Launched{pid, endpoint.address};
}

Result<> LocalExecutor::remove(const runtime::ContainerId& id) {
  TRY(parts_.containers.remove(id));
  TRY(parts_.networks.detach(id));
  std::lock_guard hold(mutex_);
  keys_.erase(id.str());
  return {};
}

void LocalExecutor::discard(const runtime::ContainerId& id) {
  enqueue([this, id] {
    const auto removed = remove(id);
    if (removed) return;
    log::warn("removing " + id.str() + ": " + removed.error().message() + "; trying again");
    std::lock_guard hold(mutex_);
    later_.emplace_back(parts_.clock.now() + Supervision::kAwayPause, [this, id] { discard(id); });
    wake();
  });
}

}  // namespace dokku::server
