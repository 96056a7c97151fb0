// Adoption: what LocalExecutor does when it learns what runs, at the daemon's start and whenever
// events may have been lost. Part of LocalExecutor (local_executor.h).
#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "server/supervise/local_executor.h"

namespace dokku::server {
namespace {

constexpr Duration kAdoptLimit = std::chrono::seconds(10);

std::vector<Supervision::Found> join(const std::vector<runtime::Seen>& seen,
                                     const std::vector<runtime::Endpoint>& endpoints) {
  std::map<std::string, std::string> addresses;
  for (const auto& endpoint : endpoints) addresses[endpoint.id.str()] = endpoint.address;
  std::vector<Supervision::Found> found;
  for (const runtime::Seen& one : seen) {
    const auto key = instance_of(one.labels);
    if (!key) continue;
    const bool runs = one.state == runtime::Seen::State::running;
    found.push_back({*key, runs, one.pid, addresses[one.id.str()]});
  }
  return found;
}

}  // namespace

Result<> LocalExecutor::adopt(const std::vector<ReleaseWanted>& wanted) {
  TRY(parts_.networks.ensure());
  {
    std::lock_guard hold(mutex_);
    for (const ReleaseWanted& release : wanted) machine_.want(release);
    wanted_known_ = true;
    wake();
  }
  relist();
  std::unique_lock hold(mutex_);
  const bool seen = changed_.wait_for(hold, kAdoptLimit, [this] { return !adopting_; });
  if (!seen) return fail(Errc::unavailable, "containerd does not answer yet");
  return {};
}

void LocalExecutor::end_strangers(const std::string& app) {
  std::lock_guard hold(mutex_);
  machine_.end_strangers(app);
  wake();
}

void LocalExecutor::on_change(const runtime::Change& change) {
  if (change.kind == runtime::Change::Kind::relist) return relist();
  one_offs_.changed(change);
  if (change.kind != runtime::Change::Kind::exited) return;
  std::lock_guard hold(mutex_);
  const auto key = keys_.find(change.id);
  if (key == keys_.end()) return;
  machine_.disturbed(key->second);
  wake();
}

void LocalExecutor::relist() {
  enqueue([this] {
    {
      std::lock_guard hold(mutex_);
      if (!wanted_known_) return;  // adopt will ask
    }
    const auto looked = look_at_all();
    if (looked) return;
    log::warn("listing containers: " + looked.error().message() + "; trying again");
    std::lock_guard hold(mutex_);
    later_.emplace_back(parts_.clock.now() + Supervision::kAwayPause, [this] { relist(); });
    wake();
  });
}

Result<> LocalExecutor::look_at_all() {
  const std::vector<runtime::Seen> seen = TRY(parts_.containers.list({}));
  const std::vector<runtime::Endpoint> endpoints = TRY(parts_.networks.list());
  std::vector<InstanceKey> unwanted;
  bool first = false;
  {
    std::lock_guard hold(mutex_);
    for (const runtime::Seen& one : seen) {
      if (const auto key = instance_of(one.labels)) keys_[one.id.str()] = *key;
    }
    unwanted = machine_.listed(join(seen, endpoints));
    first = adopting_;
    wake();
  }
  if (first) {
    remove_leftovers(seen, endpoints, unwanted);
    std::lock_guard hold(mutex_);
    adopting_ = false;
    changed_.notify_all();
  } else {
    one_offs_.look_again();
  }
  return {};
}

// What an earlier daemon left: instances that nobody wants, builds, one-offs without a client,
// tasks without a record, endpoints without a container.
void LocalExecutor::remove_leftovers(const std::vector<runtime::Seen>& seen,
                                     const std::vector<runtime::Endpoint>& endpoints,
                                     const std::vector<InstanceKey>& unwanted) {
  std::set<std::string> known;
  std::set<std::string> wanted;  // their containers; a launch may be under way already
  for (const InstanceSeen& one : instances("")) wanted.insert(one.container);
  const std::set<InstanceKey> leftovers(unwanted.begin(), unwanted.end());
  for (const runtime::Seen& one : seen) {
    known.insert(one.id.str());
    const auto key = instance_of(one.labels);
    if (wanted.contains(one.id.str()) && (!key || !leftovers.contains(*key))) continue;
    if (!key && one.labels.contains(kLabelOneOff)) {
      one_offs_.adopt(one);
    } else {
      discard(one.id);
    }
  }
  std::lock_guard hold(mutex_);
  for (const runtime::Endpoint& endpoint : endpoints) {
    if (known.contains(endpoint.id.str()) || wanted.contains(endpoint.id.str())) continue;
    jobs_.push_back([this, id = endpoint.id] {
      const auto detached = parts_.networks.detach(id);
      if (!detached) log::warn("detaching " + id.str() + ": " + detached.error().message());
    });
    jobs_waiting_.notify_one();
  }
}

}  // namespace dokku::server
