// Stage "stop first", only for process types whose zero downtime was disabled (checks:disable): the
// old processes end before new ones start. When the new ones fail, the old ones are started again.
// And ps:restart of one process type, which does the same within a release.
#include <algorithm>

#include "base/log.h"
#include "server/deploy/changes.h"
#include "server/deploy/health.h"
#include "server/deploy/pipeline.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr Duration kStopSlack = std::chrono::seconds(15);

bool names(const std::vector<std::string>& types, const std::string& type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

Result<std::vector<std::string>> Pipeline::types_without_overlap(const Deploy& deploy,
                                                                 const Release& release) {
  const CheckLists lists =
      TRY(parts_.store.read([&](ReadTx& tx) { return check_lists(tx, deploy.app.id); }));
  std::vector<std::string> types;
  for (const auto& [type, command] : release.processes) {
    if (type != "release" && list_names(lists.disabled, type)) types.push_back(type);
  }
  return types;
}

Result<> Pipeline::stop_first(Deploy& deploy, const std::vector<std::string>& types,
                              std::uint64_t old) {
  const auto look = [&](ReadTx& tx) -> Result<ReleaseWanted> {
    const Release running = TRY(find_release(tx, deploy.app.id, old));
    return wanted_release(tx, deploy.app, running);
  };
  ReleaseWanted wanted = TRY(parts_.store.read(look));
  for (ProcessWanted& process : wanted.processes) {
    if (!names(types, process.type) || process.count == 0) continue;
    deploy.progress.step("Stopping " + process.type + " before it starts again");
    process.count = 0;
  }
  Changes changes(parts_.executor, deploy.name());
  TRY(parts_.executor.want(wanted));
  const TimePoint deadline = parts_.clock.now() + wanted.stop_grace + kStopSlack;
  const auto still_there = [&] {
    for (const InstanceSeen& seen : parts_.executor.instances(deploy.name())) {
      if (seen.release == old && names(types, seen.type)) return true;
    }
    return false;
  };
  while (still_there()) {
    const Result<> waited = changes.wait(&deploy.progress.cancel(), deadline, parts_.clock);
    if (waited) continue;
    bring_back(deploy, old);
    return waited;
  }
  return {};
}

Result<> Pipeline::restart_type(Deploy& deploy, const Release& running, const std::string& type) {
  TRY(stop_first(deploy, {type}, running.number));
  const ReleaseWanted wanted =
      TRY(parts_.store.read([&](ReadTx& tx) { return wanted_release(tx, deploy.app, running); }));
  deploy.progress.step("Starting " + type);
  return start_and_check(deploy, running, wanted);
}

void Pipeline::bring_back(const Deploy& deploy, std::uint64_t old) {
  const auto wanted = parts_.store.read([&](ReadTx& tx) -> Result<ReleaseWanted> {
    const Release running = TRY(find_release(tx, deploy.app.id, old));
    return wanted_release(tx, deploy.app, running);
  });
  const Result<> back = wanted ? parts_.executor.want(*wanted) : Result<>(Fail(wanted.error()));
  if (!back) log::error("starting " + deploy.name() + " again: " + back.error().message());
}

}  // namespace dokku::server
