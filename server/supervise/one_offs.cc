#include "server/supervise/one_offs.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/log.h"
#include "server/supervise/volumes.h"

namespace dokku::server {
namespace {

// Signals to the one process that was started, also when its number is used again.
UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

WallTime label_time(const runtime::Labels& labels, const char* key) {
  const auto at = labels.find(key);
  if (at == labels.end()) return {};
  return WallTime(std::chrono::seconds(std::strtoll(at->second.c_str(), nullptr, 10)));
}

std::string label(const runtime::Labels& labels, const char* key) {
  const auto at = labels.find(key);
  return at == labels.end() ? std::string() : at->second;
}

}  // namespace

// The process of one container (exec empty) or a further process in one.
class OneOffs::Handle final : public OneOff {
 public:
  Handle(OneOffs& owner, runtime::ContainerId id, std::string exec, std::shared_ptr<Ending> ending)
      : owner_(owner), id_(std::move(id)), exec_(std::move(exec)), ending_(std::move(ending)) {}
  ~Handle() override { end(); }

  void started(pid_t pid, Streams streams) {
    pidfd_ = open_pidfd(pid);
    streams_ = std::move(streams);
  }

  const std::string& container() const override { return id_.str(); }
  const std::string& exec() const override { return exec_; }
  Streams take_streams() override { return std::move(streams_); }

  Result<runtime::Exit> wait(Duration limit) override {
    std::unique_lock hold(ending_->mutex);
    const bool over =
        ending_->changed.wait_for(hold, limit, [&] { return ending_->exit.has_value(); });
    if (!over) return fail(Errc::timed_out, id_.str() + " still runs");
    return *ending_->exit;
  }

  void on_exit(std::function<void(const runtime::Exit&)> then) override {
    std::optional<runtime::Exit> exit;
    {
      std::lock_guard hold(ending_->mutex);
      exit = ending_->exit;
      if (!exit && ending_->then) {
        ending_->then = [first = std::move(ending_->then), then](const runtime::Exit& ended) {
          first(ended);
          then(ended);
        };
      } else if (!exit) {
        ending_->then = then;
      }
    }
    if (exit) then(*exit);
  }

  Result<> signal(int number) override {
    if (exec_.empty()) return owner_.parts_.containers.signal(id_, number, false);
    return kill_process(number);
  }
  Result<> resize(unsigned columns, unsigned rows) override {
    return owner_.parts_.containers.resize(id_, exec_, columns, rows);
  }
  Result<> close_stdin() override { return owner_.parts_.containers.close_stdin(id_, exec_); }

 private:
  Result<> kill_process(int number) {
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) != 0) {
      return fail_syscall("signal", errno);
    }
    return {};
  }

  void end() {
    owner_.forget({id_.str(), exec_});
    if (exec_.empty()) {
      owner_.parts_.discard(id_);
      return;
    }
    if (pidfd_.valid()) {
      const auto already_over = kill_process(SIGKILL);
      static_cast<void>(already_over);
    }
    const auto waited = owner_.parts_.containers.exec_wait(id_, exec_, std::chrono::seconds(2));
    const auto removed = owner_.parts_.containers.exec_remove(id_, exec_);
    if (!waited || !removed) log::warn("a process entered in " + id_.str() + " may be left over");
  }

  OneOffs& owner_;
  runtime::ContainerId id_;
  std::string exec_;
  std::shared_ptr<Ending> ending_;
  UniqueFd pidfd_;
  Streams streams_;
};

Result<std::unique_ptr<OneOff>> OneOffs::run(const RunSpec& spec) {
  const runtime::ContainerId id = one_off_container(spec.app, spec.name);
  StreamFifos fifos = TRY(StreamFifos::create(parts_.streams_dir / id.str(),
                                              {.input = spec.input, .terminal = spec.terminal}));
  std::shared_ptr<Ending> ending = TRY(expect_new({id.str(), ""}));
  auto handle = std::make_unique<Handle>(*this, id, "", std::move(ending));
  const runtime::Endpoint endpoint = TRY(parts_.networks.attach(id));
  const runtime::ContainerSpec container = TRY(container_of(spec, endpoint));
  TRY(parts_.containers.create(container));
  const pid_t pid = TRY(parts_.containers.start(id, fifos.stdio()));
  handle->started(pid, fifos.take());
  if (spec.terminal) static_cast<void>(handle->resize(spec.columns, spec.rows));  // may be over
  keep_until(id.str(), spec.life);
  return std::unique_ptr<OneOff>(std::move(handle));
}

Result<runtime::ContainerSpec> OneOffs::container_of(const RunSpec& spec,
                                                     const runtime::Endpoint& endpoint) {
  runtime::ContainerSpec out = one_off_spec(spec, endpoint, parts_.host, parts_.clock.wall());
  const std::vector<runtime::Mount> volumes =
      TRY(ensure_volumes(spec.mounts, parts_.host.storage_dir));
  out.mounts.insert(out.mounts.end(), volumes.begin(), volumes.end());
  return out;
}

Result<std::unique_ptr<OneOff>> OneOffs::enter(const EnterSpec& spec, const InstanceKey& key,
                                               const ReleaseWanted& release) {
  const runtime::ContainerId id = instance_container(key);
  std::string exec;
  {
    std::lock_guard hold(mutex_);
    exec = "enter-" + std::to_string(::getpid()) + "-" + std::to_string(next_exec_++);
  }
  StreamFifos fifos = TRY(StreamFifos::create(parts_.streams_dir / (id.str() + "." + exec),
                                              {.terminal = spec.terminal}));
  std::shared_ptr<Ending> ending = expect({id.str(), exec});
  const auto pid = parts_.containers.exec(id, enter_spec(spec, release, exec), fifos.stdio());
  if (!pid) {
    forget({id.str(), exec});
    return Fail(pid.error());
  }
  auto handle = std::make_unique<Handle>(*this, id, exec, std::move(ending));
  handle->started(*pid, fifos.take());
  if (spec.terminal) static_cast<void>(handle->resize(spec.columns, spec.rows));
  return std::unique_ptr<OneOff>(std::move(handle));
}

Result<std::unique_ptr<OneOff>> OneOffs::take_over(const std::string& container,
                                                   const std::string& exec) {
  const runtime::ContainerId id = TRY(runtime::ContainerId::parse(container));
  // First of all, so that an end that comes while we look is not missed.
  std::shared_ptr<Ending> ending = join({container, exec});
  const auto looked_at = parts_.containers.inspect(id);
  if (!looked_at || (exec.empty() && !looked_at->labels.contains(kLabelOneOff))) {
    forget({container, exec});
    if (!looked_at) return Fail(looked_at.error());
    return fail(Errc::not_found, container + " is no one-off container");
  }
  const runtime::Seen& seen = *looked_at;
  auto handle = std::make_unique<Handle>(*this, id, exec, ending);
  if (exec.empty() && seen.state == runtime::Seen::State::stopped) {
    settle({container, exec}, seen.exit.value_or(runtime::Exit{}));
  } else if (!exec.empty()) {
    const auto over = parts_.containers.exec_wait(id, exec, Duration::zero());
    if (over) settle({container, exec}, *over);
    if (!over && over.error().code() != Errc::timed_out) return Fail(over.error());
  }
  return std::unique_ptr<OneOff>(std::move(handle));
}

// Its end is expected before it runs, so that one that ends at once is removed, too.
Result<std::string> OneOffs::run_detached(const RunSpec& spec) {
  const runtime::ContainerId id = one_off_container(spec.app, spec.name);
  const std::shared_ptr<Ending> ending = TRY(expect_new({id.str(), ""}));
  {
    std::lock_guard hold(ending->mutex);
    ending->nobody_waits = true;
  }
  keep_until(id.str(), spec.life);
  const Result<> started = start_detached(id, spec);
  if (started) return id.str();
  forget({id.str(), ""});
  parts_.discard(id);
  return Fail(started.error());
}

Result<> OneOffs::start_detached(const runtime::ContainerId& id, const RunSpec& spec) {
  const runtime::Endpoint endpoint = TRY(parts_.networks.attach(id));
  runtime::ContainerSpec container = TRY(container_of(spec, endpoint));
  container.terminal = false;
  container.labels[kLabelDetached] = "true";
  TRY(parts_.containers.create(container));
  const runtime::Stdio stdio = one_off_stdio(spec.app, spec.name, parts_.host);
  std::error_code failed;
  std::filesystem::create_directories(stdio.logger_value, failed);
  if (failed) return fail(Errc::internal, "mkdir " + stdio.logger_value + ": " + failed.message());
  TRY(parts_.containers.start(id, stdio));
  return {};
}

Result<> OneOffs::stop(const std::string& container, Duration grace) {
  const runtime::ContainerId id = TRY(runtime::ContainerId::parse(container));
  const runtime::Seen seen = TRY(parts_.containers.inspect(id));
  if (!seen.labels.contains(kLabelOneOff)) {
    return fail(Errc::not_found, container + " is no one-off container");
  }
  const Result<runtime::Exit> stopped = parts_.containers.stop(id, grace);
  if (!stopped && stopped.error().code() != Errc::not_found) return Fail(stopped.error());
  TRY(parts_.containers.remove(id));
  return parts_.networks.detach(id);
}

Result<std::vector<Executor::OneOffSeen>> OneOffs::list(const std::string& app) {
  const std::vector<runtime::Seen> all = TRY(parts_.containers.list({{kLabelApp, app}}));
  std::vector<Executor::OneOffSeen> out;
  for (const runtime::Seen& seen : all) {
    if (!seen.labels.contains(kLabelOneOff)) continue;
    out.push_back({seen.id.str(), label(seen.labels, kLabelOneOff),
                   label(seen.labels, kLabelCommand), label_time(seen.labels, kLabelSince),
                   seen.labels.contains(kLabelDetached)});
  }
  return out;
}

// --- what becomes of them

std::shared_ptr<OneOffs::Ending> OneOffs::expect(const Key& key) {
  auto ending = std::make_shared<Ending>();
  std::lock_guard hold(mutex_);
  endings_[key] = ending;
  return ending;
}

// What is expected already (since the daemon's start, or by another client) has one more who waits.
std::shared_ptr<OneOffs::Ending> OneOffs::join(const Key& key) {
  std::lock_guard hold(mutex_);
  const auto [at, fresh] = endings_.try_emplace(key, nullptr);
  if (fresh) {
    at->second = std::make_shared<Ending>();
  } else {
    std::lock_guard hold_ending(at->second->mutex);
    at->second->nobody_waits = false;
  }
  return at->second;
}

Result<std::shared_ptr<OneOffs::Ending>> OneOffs::expect_new(const Key& key) {
  std::lock_guard hold(mutex_);
  const auto [at, fresh] = endings_.try_emplace(key, nullptr);
  if (!fresh) return fail(Errc::already_exists, key.first + " runs already");
  at->second = std::make_shared<Ending>();
  return at->second;
}

void OneOffs::forget(const Key& key) {
  std::lock_guard hold(mutex_);
  endings_.erase(key);
  until_.erase(key.first);
}

void OneOffs::keep_until(const std::string& container, Duration life) {
  std::lock_guard hold(mutex_);
  until_[container] = parts_.clock.now() + life;
}

void OneOffs::changed(const runtime::Change& change) {
  if (change.kind == runtime::Change::Kind::exited) settle({change.id, ""}, change.exit);
  if (change.kind == runtime::Change::Kind::exec_exited) {
    settle({change.id, change.exec}, change.exit);
  }
}

void OneOffs::settle(const Key& key, const runtime::Exit& exit) {
  std::shared_ptr<Ending> ending;
  {
    std::lock_guard hold(mutex_);
    const auto at = endings_.find(key);
    if (at == endings_.end()) return;
    ending = at->second;
  }
  std::function<void(const runtime::Exit&)> then;
  bool nobody_waits = false;
  {
    std::lock_guard hold(ending->mutex);
    if (ending->exit) return;
    ending->exit = exit;
    then = std::move(ending->then);
    nobody_waits = ending->nobody_waits;
  }
  ending->changed.notify_all();
  if (then) then(exit);
  if (nobody_waits) {
    forget(key);
    parts_.discard(as_container_id(key.first));
  }
}

void OneOffs::look_again() {
  std::vector<Key> keys;
  {
    std::lock_guard hold(mutex_);
    for (const auto& [key, ending] : endings_) keys.push_back(key);
  }
  for (const Key& key : keys) {
    const auto id = runtime::ContainerId::parse(key.first);
    if (!id) continue;
    if (!key.second.empty()) {
      const auto exit = parts_.containers.exec_wait(*id, key.second, Duration::zero());
      if (exit) settle(key, *exit);
      continue;
    }
    const auto seen = parts_.containers.inspect(*id);
    if (seen && seen->state == runtime::Seen::State::stopped) {
      settle(key, seen->exit.value_or(runtime::Exit{}));
    }
  }
}

void OneOffs::adopt(const runtime::Seen& seen) {
  const bool runs = seen.state == runtime::Seen::State::running;
  const Duration left = label_time(seen.labels, kLabelUntil) - parts_.clock.wall();
  const bool cared_for = seen.labels.contains(kLabelDetached) ||
                         has_reader_left(parts_.streams_dir / seen.id.str());
  if (!runs || left <= Duration::zero() || !cared_for) {
    return parts_.discard(seen.id);
  }
  // When its client was faster, somebody waits for it already.
  if (const auto ending = expect_new({seen.id.str(), ""})) {
    std::lock_guard hold((*ending)->mutex);
    (*ending)->nobody_waits = true;
  }
  keep_until(seen.id.str(), left);
}

std::optional<TimePoint> OneOffs::end_overdue() {
  const TimePoint now = parts_.clock.now();
  std::vector<std::string> overdue;
  std::optional<TimePoint> next;
  {
    std::lock_guard hold(mutex_);
    for (const auto& [id, until] : until_) {
      if (until <= now) {
        overdue.push_back(id);
      } else {
        next = std::min(next.value_or(until), until);
      }
    }
    for (const std::string& id : overdue) until_.erase(id);
  }
  for (const std::string& id : overdue) parts_.discard(as_container_id(id));
  return next;
}

Result<> OneOffs::erase(const std::string& app) {
  const std::vector<runtime::Seen> all = TRY(parts_.containers.list({{kLabelApp, app}}));
  for (const runtime::Seen& seen : all) {
    if (!seen.labels.contains(kLabelOneOff)) continue;
    TRY(parts_.containers.remove(seen.id));
    TRY(parts_.networks.detach(seen.id));
  }
  return {};
}

}  // namespace dokku::server
