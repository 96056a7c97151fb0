#include "server/deploy/routes.h"

#include <algorithm>

#include "base/log.h"
#include "server/deploy/route_group.h"
#include "server/deploy/wanted.h"

namespace dokku::server {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(100);
constexpr Duration kLongestRetry = std::chrono::seconds(2);

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
  auto published = publish_locked(app, false);
  if (!published && published.error().code() == Errc::unavailable) mark(app);
  return published;
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
  std::vector<proxy::Target> out;
  for (const InstanceSeen& seen : parts_.executor.instances(app)) {
    if (seen.type != "web" || seen.release != release || seen.index > count) continue;
    if (seen.state != InstanceSeen::State::ready) continue;
    out.push_back({seen.address, seen.port, app + "." + seen.name()});
  }
  return out;
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
  out.group.targets = targets(name, out.group.generation, count);
  for (const InstanceSeen& seen : parts_.executor.instances(name)) {
    const bool ours = seen.type == "web" && seen.release == out.group.generation;
    if (ours && seen.state == InstanceSeen::State::starting) out.still_starting = true;
  }
  return out;
}

// `patient`: an app whose instances are all still starting keeps the routes that the proxy has (an
// earlier daemon's: the same processes are about to be found ready).
Result<> AppRoutes::publish_locked(const std::string& app, bool patient) {
  const Answer now = TRY(answer(app));
  const auto sent = sent_.find(app);
  if (!now.deployed) {
    if (sent == sent_.end()) return {};
    TRY(parts_.proxy.remove(app));
    sent_.erase(app);
    return {};
  }
  if (patient && now.group.targets.empty() && now.still_starting) return {};
  if (sent == sent_.end() || sent->second != now.group) {
    TRY(parts_.proxy.put(now.group, now.certificates));
    sent_[app] = now.group;
  }
  parts_.executor.end_strangers(app);
  return {};
}

// --- the thread that follows

void AppRoutes::mark(const std::string& app) {
  std::lock_guard hold(mutex_);
  dirty_.insert(app);
  woken_.notify_all();
}

void AppRoutes::follow() {
  Duration pause = kFirstRetry;
  std::unique_lock hold(mutex_);
  for (;;) {
    woken_.wait(hold, [this] { return stopping_ || reconcile_ || !dirty_.empty(); });
    if (stopping_) return;
    const std::set<std::string> apps = std::exchange(dirty_, {});
    const bool all = std::exchange(reconcile_, false);
    hold.unlock();
    bool failed = false;
    if (all) failed = !drop_strangers();
    std::set<std::string> again;
    for (const std::string& app : apps) {
      std::lock_guard one(publishing_);
      const auto published = publish_locked(app, true);
      if (published) continue;
      if (published.error().code() == Errc::unavailable)
        again.insert(app);
      else
        log::error("routes of " + app + ": " + published.error().message());
    }
    hold.lock();
    reconcile_ = reconcile_ || failed;
    dirty_.insert(again.begin(), again.end());
    if (!failed && again.empty()) {
      pause = kFirstRetry;
      continue;
    }
    woken_.wait_for(hold, pause, [this] { return stopping_; });
    pause = std::min(pause * 2, kLongestRetry);
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
