#include "tests/fakes/fake_containers.h"

#include <signal.h>

#include <algorithm>
#include <deque>
#include <system_error>
#include <thread>

namespace dokku::testing {

using runtime::Change;
using runtime::ContainerId;
using runtime::ContainerSpec;
using runtime::ExecSpec;
using runtime::Exit;
using runtime::Labels;
using runtime::Limits;
using runtime::Seen;
using runtime::Stdio;

struct FakeContainers::Process {
  pid_t pid = 0;
  std::optional<Exit> exit;
};

struct FakeContainers::Container {
  ContainerSpec spec;
  bool has_record = true;
  std::optional<Process> init;
  std::map<std::string, Process> execs;
};

struct FakeContainers::Subscription {
  std::function<void(const Change&)> on_change;
  std::deque<Change> queue;
  bool busy = false;
  bool ended = false;
};

// Owns the thread that calls one subscriber.
class FakeContainers::FakeWatch : public runtime::Watch {
 public:
  FakeWatch(FakeContainers& owner, std::shared_ptr<Subscription> subscription)
      : owner_(owner), subscription_(std::move(subscription)), thread_([this] { run(); }) {}

  ~FakeWatch() override {
    {
      const Lock lock(owner_.mutex_);
      subscription_->ended = true;
      std::erase(owner_.subscriptions_, subscription_);
    }
    owner_.changed_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    Lock lock(owner_.mutex_);
    for (;;) {
      owner_.changed_.wait(lock,
                           [&] { return subscription_->ended || !subscription_->queue.empty(); });
      if (subscription_->ended) return;
      const Change change = subscription_->queue.front();
      subscription_->queue.pop_front();
      subscription_->busy = true;
      lock.unlock();
      subscription_->on_change(change);
      lock.lock();
      subscription_->busy = false;
      owner_.changed_.notify_all();
    }
  }

  FakeContainers& owner_;
  std::shared_ptr<Subscription> subscription_;
  std::thread thread_;
};

namespace {

Fail no_container(const std::string& id) {
  return fail(Errc::not_found, "no container '" + id + "'");
}

bool matches(const Labels& has, const Labels& wants) {
  return std::all_of(wants.begin(), wants.end(), [&](const auto& want) {
    const auto found = has.find(want.first);
    return found != has.end() && found->second == want.second;
  });
}

}  // namespace

FakeContainers::FakeContainers(runtime::Images* images) : images_(images) {}

FakeContainers::~FakeContainers() = default;

// --- the calls of the interface

Result<> FakeContainers::create(const ContainerSpec& spec) {
  if (images_ != nullptr) TRY(images_->inspect(spec.image));
  const Lock lock(mutex_);
  TRY(enter("create", spec.id.str()));
  const auto found = containers_.find(spec.id.str());
  if (found != containers_.end() && found->second.has_record) {
    return fail(Errc::already_exists, "container '" + spec.id.str() + "' exists");
  }
  containers_.insert_or_assign(spec.id.str(), Container{spec, true, std::nullopt, {}});
  return {};
}

Result<pid_t> FakeContainers::start(const ContainerId& id, const Stdio& stdio) {
  Started what{id.str(), "", {}, {}, stdio};
  {
    const Lock lock(mutex_);
    TRY(enter("start", id.str()));
    const auto found = containers_.find(id.str());
    if (found == containers_.end() || !found->second.has_record) return no_container(id.str());
    Container& container = found->second;
    if (container.init && !container.init->exit) {
      return fail(Errc::already_exists, "container '" + id.str() + "' is running");
    }
    container.init = Process{++next_pid_, std::nullopt};
    container.execs.clear();
    what.args = container.spec.args;
    what.env = container.spec.env;
  }
  return launch(what);
}

Result<> FakeContainers::signal(const ContainerId& id, int number, bool) {
  const Lock lock(mutex_);
  TRY(enter("signal", id.str() + " " + std::to_string(number)));
  TRY(running(id.str(), ""));
  const bool ignored = std::any_of(sigterm_ignored_.begin(), sigterm_ignored_.end(),
                                   [&](const auto& p) { return id.str().starts_with(p); });
  if (number == SIGKILL || (number == SIGTERM && !ignored)) {
    end_locked(id.str(), "", 128 + number, false);
  }
  return {};
}

Result<Exit> FakeContainers::wait(const ContainerId& id, Duration limit) {
  return wait_for(id.str(), "", limit);
}

// The grace is not waited for: what ignores SIGTERM is killed at once.
Result<Exit> FakeContainers::stop(const ContainerId& id, Duration) {
  {
    const Lock lock(mutex_);
    TRY(enter("stop", id.str()));
    TRY(known(id.str(), ""));
  }
  for (const int number : {SIGTERM, SIGKILL}) {
    const Result<> sent = signal(id, number, true);
    if (!sent && sent.error().code() != Errc::not_found) return Fail(sent.error());
  }
  return wait_for(id.str(), "", {});
}

Result<> FakeContainers::remove(const ContainerId& id) {
  const Lock lock(mutex_);
  TRY(enter("remove", id.str()));
  if (running(id.str(), "")) end_locked(id.str(), "", 128 + SIGKILL, false);
  containers_.erase(id.str());
  changed_.notify_all();
  return {};
}

Result<pid_t> FakeContainers::exec(const ContainerId& id, const ExecSpec& what,
                                   const Stdio& stdio) {
  {
    const Lock lock(mutex_);
    TRY(enter("exec", id.str() + " " + what.exec_id));
    TRY(running(id.str(), ""));
    auto& execs = containers_.find(id.str())->second.execs;
    if (execs.contains(what.exec_id)) {
      return fail(Errc::already_exists, "exec '" + what.exec_id + "' exists");
    }
    execs[what.exec_id] = Process{++next_pid_, std::nullopt};
  }
  return launch({id.str(), what.exec_id, what.args, what.env, stdio});
}

Result<Exit> FakeContainers::exec_wait(const ContainerId& id, const std::string& exec_id,
                                       Duration limit) {
  return wait_for(id.str(), exec_id, limit);
}

Result<> FakeContainers::exec_remove(const ContainerId& id, const std::string& exec_id) {
  const Lock lock(mutex_);
  TRY(enter("exec_remove", id.str() + " " + exec_id));
  if (running(id.str(), exec_id)) end_locked(id.str(), exec_id, 128 + SIGKILL, false);
  const auto found = containers_.find(id.str());
  if (found != containers_.end()) found->second.execs.erase(exec_id);
  return {};
}

Result<> FakeContainers::resize(const ContainerId& id, const std::string& exec_id, unsigned columns,
                                unsigned rows) {
  const Lock lock(mutex_);
  TRY(enter("resize", id.str() + " " + std::to_string(columns) + "x" + std::to_string(rows)));
  TRY(running(id.str(), exec_id));
  return {};
}

Result<> FakeContainers::close_stdin(const ContainerId& id, const std::string& exec_id) {
  const Lock lock(mutex_);
  TRY(enter("close_stdin", id.str()));
  TRY(running(id.str(), exec_id));
  return {};
}

Result<> FakeContainers::limit(const ContainerId& id, const Limits& limits) {
  const Lock lock(mutex_);
  TRY(enter("limit", id.str()));
  TRY(running(id.str(), ""));
  containers_.find(id.str())->second.spec.limits = limits;
  return {};
}

namespace {

Seen::State state_of(bool started, const std::optional<Exit>& exit) {
  if (!started) return Seen::State::no_task;
  return exit ? Seen::State::stopped : Seen::State::running;
}

}  // namespace

Result<std::vector<Seen>> FakeContainers::list(const Labels& with) {
  const Lock lock(mutex_);
  if (const auto injected = failures_.extract("list")) return Fail(injected.mapped());
  std::vector<Seen> seen;
  for (const auto& [id, container] : containers_) {
    if (!container.has_record && !with.empty()) continue;
    if (container.has_record && !matches(container.spec.labels, with)) continue;
    const Process init = container.init.value_or(Process{});
    seen.push_back({container.spec.id, container.has_record ? container.spec.labels : Labels{},
                    state_of(container.init.has_value(), init.exit), init.exit ? 0 : init.pid,
                    init.exit, container.has_record});
  }
  return seen;
}

Result<Seen> FakeContainers::inspect(const ContainerId& id) {
  const std::vector<Seen> all = TRY(list({}));
  for (const Seen& seen : all) {
    if (seen.id == id) return seen;
  }
  return no_container(id.str());
}

Result<> FakeContainers::mount_root(const ContainerId& id, const std::filesystem::path& at) {
  const Lock lock(mutex_);
  TRY(enter("mount_root", id.str()));
  if (!containers_.contains(id.str())) return no_container(id.str());
  const auto root = roots_.find(id.str());
  if (root == roots_.end()) return {};
  std::error_code error;
  std::filesystem::copy(
      root->second, at,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks,
      error);
  if (error) return fail(Errc::internal, "copying a fake root: " + error.message());
  return {};
}

Result<> FakeContainers::unmount_root(const std::filesystem::path& at) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(at, ignored)) {
    std::filesystem::remove_all(entry.path(), ignored);
  }
  return {};
}

Result<std::string> FakeContainers::version() {
  const Lock lock(mutex_);
  if (const auto injected = failures_.extract("version")) return Fail(injected.mapped());
  return std::string("0.0-fake");
}

std::unique_ptr<runtime::Watch> FakeContainers::watch(
    std::function<void(const Change&)> on_change) {
  auto subscription = std::make_shared<Subscription>();
  subscription->on_change = std::move(on_change);
  subscription->queue.push_back({});  // the first call is a relist
  {
    const Lock lock(mutex_);
    subscriptions_.push_back(subscription);
  }
  return std::make_unique<FakeWatch>(*this, std::move(subscription));
}

// --- what they share (all but launch and wait_for with the mutex held)

Result<> FakeContainers::enter(const std::string& call, const std::string& subject) {
  calls_.push_back(call + " " + subject);
  if (const auto injected = failures_.extract(call)) return Fail(injected.mapped());
  return {};
}

Result<FakeContainers::Process*> FakeContainers::known(const std::string& id,
                                                       const std::string& exec_id) {
  const auto found = containers_.find(id);
  if (found == containers_.end() || !found->second.init) return no_container(id);
  if (exec_id.empty()) return &*found->second.init;
  const auto exec = found->second.execs.find(exec_id);
  if (exec == found->second.execs.end()) return no_container(id + "/" + exec_id);
  return &exec->second;
}

Result<FakeContainers::Process*> FakeContainers::running(const std::string& id,
                                                         const std::string& exec_id) {
  Process* process = TRY(known(id, exec_id));
  if (process->exit) return fail(Errc::not_found, "nothing runs in '" + id + "'");
  return process;
}

Result<Exit> FakeContainers::wait_for(const std::string& id, const std::string& exec_id,
                                      Duration limit) {
  Lock lock(mutex_);
  Result<Exit> result = fail(Errc::timed_out, "'" + id + "' is still running");
  const auto over = [&] {
    const Result<Process*> process = known(id, exec_id);
    if (!process) {
      result = Fail(process.error());
      return true;
    }
    if (!(*process)->exit) return false;
    result = *(*process)->exit;
    return true;
  };
  changed_.wait_for(lock, limit, over);
  return result;
}

Result<pid_t> FakeContainers::launch(const Started& what) {
  Program program;
  pid_t pid = 0;
  {
    const Lock lock(mutex_);
    program = program_;
    const Process* process = TRY(running(what.id, what.exec_id));
    pid = process->pid;
    if (what.exec_id.empty()) deliver({Change::Kind::started, what.id, "", {}});
  }
  const std::optional<int> status = program ? program(what) : std::nullopt;
  if (status) {
    const Lock lock(mutex_);
    if (running(what.id, what.exec_id)) end_locked(what.id, what.exec_id, *status, false);
  }
  return pid;
}

void FakeContainers::end_locked(const std::string& id, const std::string& exec_id, int status,
                                bool oom) {
  const Result<Process*> process = running(id, exec_id);
  if (!process) return;
  const Exit exit{status, std::chrono::system_clock::now(), oom};
  // The end of init is the end of its whole pid namespace.
  if (exec_id.empty()) {
    for (auto& [name, exec] : containers_.find(id)->second.execs) {
      if (!exec.exit) end_locked(id, name, 128 + SIGKILL, false);
    }
  }
  (*process)->exit = exit;
  if (oom) deliver({Change::Kind::out_of_memory, id, "", {}});
  deliver({exec_id.empty() ? Change::Kind::exited : Change::Kind::exec_exited, id, exec_id, exit});
}

void FakeContainers::deliver(Change change) {
  for (const auto& subscription : subscriptions_) subscription->queue.push_back(change);
  changed_.notify_all();
}

// --- for tests

void FakeContainers::on_run(Program program) {
  const Lock lock(mutex_);
  program_ = std::move(program);
}

bool FakeContainers::end(const std::string& id, int status, bool out_of_memory) {
  const Lock lock(mutex_);
  if (!running(id, "")) return false;
  end_locked(id, "", status, out_of_memory);
  return true;
}

bool FakeContainers::end_exec(const std::string& id, const std::string& exec_id, int status) {
  const Lock lock(mutex_);
  if (!running(id, exec_id)) return false;
  end_locked(id, exec_id, status, false);
  return true;
}

void FakeContainers::ignore_sigterm(const std::string& id_prefix) {
  const Lock lock(mutex_);
  sigterm_ignored_.insert(id_prefix);
}

void FakeContainers::fail_next(const std::string& call, Error error) {
  const Lock lock(mutex_);
  failures_.insert_or_assign(call, std::move(error));
}

void FakeContainers::make_orphan(const std::string& id) {
  const Lock lock(mutex_);
  const auto found = containers_.find(id);
  if (found != containers_.end()) found->second.has_record = false;
}

void FakeContainers::set_root(const std::string& id, std::filesystem::path directory) {
  const Lock lock(mutex_);
  roots_.insert_or_assign(id, std::move(directory));
}

void FakeContainers::relist() {
  const Lock lock(mutex_);
  deliver({});
}

void FakeContainers::flush() {
  Lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::all_of(subscriptions_.begin(), subscriptions_.end(),
                       [](const auto& s) { return s->queue.empty() && !s->busy; });
  });
}

std::vector<std::string> FakeContainers::calls() const {
  const Lock lock(mutex_);
  return calls_;
}

std::optional<ContainerSpec> FakeContainers::spec(const std::string& id) const {
  const Lock lock(mutex_);
  const auto found = containers_.find(id);
  if (found == containers_.end()) return std::nullopt;
  return found->second.spec;
}

std::size_t FakeContainers::size() const {
  const Lock lock(mutex_);
  return containers_.size();
}

bool FakeContainers::runs(pid_t pid) const {
  const Lock lock(mutex_);
  return std::any_of(containers_.begin(), containers_.end(), [&](const auto& one) {
    const std::optional<Process>& init = one.second.init;
    return init && init->pid == pid && !init->exit;
  });
}

}  // namespace dokku::testing
