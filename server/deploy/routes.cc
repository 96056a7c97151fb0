#include "server/deploy/routes.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "server/deploy/health.h"
#include "server/deploy/route_group.h"
#include "server/deploy/wanted.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(100);
constexpr Duration kLongestRetry = std::chrono::seconds(2);

// What the thread has to look at once more, and when.
class Again {
 public:
  std::optional<TimePoint> due() const {
    return all_ || !apps_.empty() ? std::optional(at_) : std::nullopt;
  }
  void add(const std::set<std::string>& apps, bool all) {
    if (!due()) at_ = std::chrono::steady_clock::now() + pause_;
    apps_.insert(apps.begin(), apps.end());
    all_ = all_ || all;
  }
  // Adds to what is to be done now.
  void take(std::set<std::string>& apps, bool& all) {
    pause_ = std::min(pause_ * 2, kLongestRetry);
    apps.merge(std::exchange(apps_, {}));
    all = std::exchange(all_, false) || all;
  }
  void settled() {
    if (!due()) pause_ = kFirstRetry;
  }

 private:
  std::set<std::string> apps_;
  bool all_ = false;
  Duration pause_ = kFirstRetry;
  TimePoint at_{};
};

std::vector<proxy::Target> ready_targets(const std::vector<InstanceSeen>& instances,
                                         std::uint64_t release, unsigned count) {
  std::vector<proxy::Target> out;
  for (const InstanceSeen& seen : instances) {
    if (seen.type != "web" || seen.release != release || seen.index > count) continue;
    if (seen.state != InstanceSeen::State::ready) continue;
    out.push_back({seen.address, seen.port, seen.app + "." + seen.name()});
  }
  return out;
}

// Of these, which may still answer requests.
Result<std::vector<proxy::Target>> old_targets(const ReadTx& tx, const App& app,
                                               const std::vector<InstanceSeen>& strangers) {
  const auto patience = TRY(wait_to_retire(tx, app.id));
  std::vector<proxy::Target> old;
  for (const InstanceSeen& seen : strangers) {
    const bool serves = seen.type == "web" && seen.state == InstanceSeen::State::ready;
    const bool waited = std::chrono::system_clock::now() - seen.since >= patience;
    if (!serves || waited) continue;
    const Result<Release> release = find_release(tx, app.id, seen.release);
    old.push_back({seen.address, release ? port_of(*release) : kAppPort, ""});
  }
  return old;
}

// What an earlier daemon left running beside what is wanted ends when its requests have ended.
// False: some of it still answers requests.
Result<bool> end_idle_strangers(const AppRoutes::Parts& parts, const std::string& name) {
  std::vector<InstanceSeen> strangers = parts.executor.instances(name);
  std::erase_if(strangers, [](const InstanceSeen& seen) { return !seen.stranger; });
  if (strangers.empty()) return true;
  const auto old = TRY(parts.store.read([&](ReadTx& tx) -> Result<std::vector<proxy::Target>> {
    const Result<App> app = find_app(tx, name);
    if (!app) return std::vector<proxy::Target>();
    return old_targets(tx, *app, strangers);
  }));
  if (!old.empty()) {
    const Result<> drained = parts.proxy.wait_drained(old, Duration::zero());
    if (!drained && drained.error().code() == Errc::timed_out) return false;
    if (!drained) return Fail(drained.error());
  }
  parts.executor.end_strangers(name);
  return true;
}

}  // namespace

AppRoutes::AppRoutes(Parts parts) : parts_(std::move(parts)) {
  watch_ = parts_.executor.watch([this](const InstanceSeen& seen) {
    if (seen.type == "web") mark(seen.app);
  });
  thread_ = std::thread([this] { follow(); });
}

AppRoutes::~AppRoutes() {
  watch_.reset();
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

Result<> AppRoutes::publish(const std::string& app) {
  std::lock_guard hold(publishing_);
  const Result<Published> published = publish_locked(app, false);
  if (published && *published == Published::once_more) mark(app);
  if (published) return {};
  if (published.error().code() == Errc::unavailable) mark(app);
  return Fail(published.error());
}

Result<> AppRoutes::remove(const std::string& app) {
  std::lock_guard hold(publishing_);
  sent_.erase(app);
  return parts_.proxy.remove(app);
}

Result<> AppRoutes::hand_over(const std::string& from, const std::string& to,
                              const std::function<Result<>()>& commit) {
  std::lock_guard hold(publishing_);
  TRY(commit());
  const Result<> swapped = swap_names(from, to);
  if (swapped) return {};
  log::warn("routes of " + from + " to " + to + ": " + swapped.error().message());
  reconcile();
  return {};
}

Result<> AppRoutes::swap_names(const std::string& from, const std::string& to) {
  const Answer now = TRY(answer(to));
  if (!now.deployed && !sent_.contains(from)) return {};
  std::vector<proxy::Group> groups = TRY(parts_.proxy.list());
  std::erase_if(groups, [&](const proxy::Group& one) { return one.key == from || one.key == to; });
  if (now.deployed) groups.push_back(now.group);
  TRY(parts_.proxy.replace_all(groups));
  sent_.erase(from);
  if (now.deployed) sent_[to] = now.group;
  return {};
}

Result<> AppRoutes::publish_own(const proxy::Group& group) {
  {
    const std::lock_guard hold(publishing_);
    own_[group.key] = group;
  }
  return publish(group.key);
}

Result<> AppRoutes::withdraw_own(const std::string& key) {
  {
    const std::lock_guard hold(publishing_);
    own_.erase(key);
  }
  return publish(key);
}

void AppRoutes::reconcile() {
  std::lock_guard hold(mutex_);
  reconcile_ = true;
  woken_.notify_all();
}

std::vector<proxy::Target> AppRoutes::targets(const std::string& app, std::uint64_t release,
                                              unsigned count) {
  return ready_targets(parts_.executor.instances(app), release, count);
}

// --- one answer

Result<AppRoutes::Answer> AppRoutes::answer(const std::string& name) {
  Answer out;
  if (const auto own = own_.find(name); own != own_.end()) {
    out.deployed = true;
    out.group = own->second;
    return out;
  }
  out.group.key = name;
  unsigned count = 0;
  const Result<> read = parts_.store.read([&](ReadTx& tx) -> Result<> {
    const App app = TRY(find_app(tx, name));
    const std::optional<std::uint64_t> running = TRY(running_number(tx, app.id));
    if (!running) return {};
    out.deployed = true;
    out.group.generation = *running;
    const RouteSpec spec = TRY(parts_.spec(tx, app));
    const auto port = TRY(served_port(tx, app.id));
    describe_ways(spec, parts_.instance, port.value_or(kAppPort), out.group);
    out.certificates = certificates_of(spec);
    const std::optional<ReleaseWanted> wanted = TRY(wanted_now(tx, app));
    if (!wanted) return {};
    for (const ProcessWanted& process : wanted->processes) {
      if (process.type == "web") count = process.count;
    }
    return {};
  });
  if (!read && read.error().code() != Errc::not_found) return Fail(read.error());
  // One look for both: else one that becomes ready in between is neither.
  const std::vector<InstanceSeen> instances = parts_.executor.instances(name);
  out.group.targets = ready_targets(instances, out.group.generation, count);
  for (const InstanceSeen& seen : instances) {
    const bool ours = seen.type == "web" && seen.release == out.group.generation;
    if (ours && seen.state == InstanceSeen::State::starting) out.still_starting = true;
  }
  return out;
}

// Errors: those of the proxy's calls.
// `patient`: an app whose instances are all still starting keeps the routes that the proxy has (an
// earlier daemon's: the same processes are about to be found ready).
Result<AppRoutes::Published> AppRoutes::publish_locked(const std::string& app, bool patient) {
  const Answer now = TRY(answer(app));
  const auto sent = sent_.find(app);
  if (!now.deployed) {
    if (sent == sent_.end()) return Published::whole;
    TRY(parts_.proxy.remove(app));
    sent_.erase(app);
    return Published::whole;
  }
  if (patient && now.group.targets.empty() && now.still_starting) return Published::whole;
  if (sent == sent_.end() || sent->second != now.group) {
    TRY(parts_.proxy.put(now.group, now.certificates));
    sent_[app] = now.group;
  }
  const bool ended = TRY(end_idle_strangers(parts_, app));
  return ended ? Published::whole : Published::once_more;
}

// --- the thread that follows

void AppRoutes::mark(const std::string& app) {
  std::lock_guard hold(mutex_);
  dirty_.insert(app);
  woken_.notify_all();
}

void AppRoutes::follow() {
  Again again;
  // False: once more, later.
  const auto follow_one = [this](const std::string& app) {
    std::lock_guard one(publishing_);
    const Result<Published> published = publish_locked(app, true);
    if (published) return *published == Published::whole;
    if (published.error().code() == Errc::unavailable) return false;
    log::error("routes of " + app + ": " + published.error().message());
    return true;
  };
  std::unique_lock hold(mutex_);
  const auto woken = [this] { return stopping_ || reconcile_ || !dirty_.empty(); };
  for (;;) {
    const std::optional<TimePoint> due = again.due();
    const bool is_due = due && !woken_.wait_until(hold, *due, woken);
    if (!due) woken_.wait(hold, woken);
    if (stopping_) return;
    std::set<std::string> apps = std::exchange(dirty_, {});
    bool all = std::exchange(reconcile_, false);
    hold.unlock();
    if (is_due) again.take(apps, all);
    if (all) all = !drop_strangers();
    std::erase_if(apps, follow_one);
    again.add(apps, all);
    again.settled();
    hold.lock();
  }
}

Result<> AppRoutes::drop_strangers() {
  const std::vector<proxy::Group> there = TRY(parts_.proxy.list());
  const std::vector<App> apps = TRY(parts_.store.read([](ReadTx& tx) { return list_apps(tx); }));
  std::set<std::string> known;
  for (const App& app : apps) known.insert(app.name.str());
  std::lock_guard one(publishing_);
  for (const auto& [key, group] : own_) known.insert(key);
  for (const proxy::Group& group : there) {
    if (known.contains(group.key)) {
      sent_[group.key] = group;
    } else {
      TRY(parts_.proxy.remove(group.key));  // first: another app may want its names
      sent_.erase(group.key);
    }
  }
  for (const std::string& name : known) mark(name);
  return {};
}

}  // namespace dokku::server
