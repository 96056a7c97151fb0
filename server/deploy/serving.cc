// Part of Deploys: until what the store says shall run is what requests reach.
#include "server/deploy/changes.h"
#include "server/deploy/deploys.h"

namespace dokku::server {
namespace {

Result<> none_fails(const std::vector<InstanceSeen>& instances, const ReleaseWanted& wanted) {
  for (const InstanceSeen& seen : instances) {
    const bool waits = seen.state == InstanceSeen::State::waiting;
    if (seen.release != wanted.release || !waits || !seen.failure) continue;
    return fail(Errc::unavailable, seen.name() + " does not start: " + seen.failure->explanation);
  }
  return {};
}

}  // namespace

Result<> Deploys::await_serving(const App& app, Duration patience, const CancelToken& cancel) {
  const std::string& name = app.name.str();
  const TimePoint deadline = parts_.clock.now() + patience;
  const auto wanted = TRY(parts_.store.read([&](ReadTx& tx) { return wanted_now(tx, app); }));
  Changes changes(parts_.executor, name);
  while (wanted) {
    const std::vector<InstanceSeen> instances = parts_.executor.instances(name);
    TRY(none_fails(instances, *wanted));
    if (all_ready(instances, *wanted)) break;
    TRY(changes.wait(&cancel, deadline, parts_.clock));
  }
  return routes_.publish(name);
}

}  // namespace dokku::server
