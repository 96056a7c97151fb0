// Part of Deploys: until what the store says shall run is what requests reach.
#include <algorithm>

#include "server/deploy/changes.h"
#include "server/deploy/deploys.h"

namespace dokku::server {
namespace {

using State = InstanceSeen::State;

bool is_ready(const std::vector<InstanceSeen>& instances, const ReleaseWanted& wanted,
              const ProcessWanted& process) {
  const auto ready = std::count_if(instances.begin(), instances.end(), [&](const auto& seen) {
    return seen.release == wanted.release && seen.type == process.type &&
           seen.index <= process.count && seen.state == State::ready;
  });
  return static_cast<unsigned>(ready) == process.count;
}

Result<bool> all_ready(const std::vector<InstanceSeen>& instances, const ReleaseWanted& wanted) {
  for (const InstanceSeen& seen : instances) {
    if (seen.release != wanted.release || seen.state != State::waiting || !seen.failure) continue;
    return fail(Errc::unavailable, seen.name() + " does not start: " + seen.failure->explanation);
  }
  return std::all_of(wanted.processes.begin(), wanted.processes.end(),
                     [&](const auto& process) { return is_ready(instances, wanted, process); });
}

}  // namespace

Result<> Deploys::await_serving(const App& app, Duration patience, const CancelToken& cancel) {
  const std::string& name = app.name.str();
  const TimePoint deadline = parts_.clock.now() + patience;
  const auto wanted = TRY(parts_.store.read([&](ReadTx& tx) { return wanted_now(tx, app); }));
  Changes changes(parts_.executor, name);
  while (wanted) {
    const bool ready = TRY(all_ready(parts_.executor.instances(name), *wanted));
    if (ready) break;
    TRY(changes.wait(&cancel, deadline, parts_.clock));
  }
  return routes_.publish(name);
}

}  // namespace dokku::server
