// Stage "unchanged?": a push that cannot lead to another image builds and restarts nothing.
#include "buildstep/api/builder.h"
#include "runtime/digest/sha256.h"
#include "server/deploy/packs.h"
#include "server/deploy/pipeline.h"
#include "server/store/calls.h"
#include "server/store/config.h"
#include "server/store/properties.h"
#include "server/store/releases.h"

namespace dokku::server {

// Equal text: the same tree, packs, stack and config that a build sees. A digest, since it is kept
// in a release row and values are secrets.
Result<std::string> Pipeline::build_inputs(const Deploy& deploy, const KeptSource& tree) {
  const std::string stack = TRY(parts_.builder.fingerprint());
  const auto config =
      TRY(parts_.store.read([&](ReadTx& tx) { return merged_config(tx, deploy.app.id); }));
  const auto packs =
      TRY(parts_.store.read([&](ReadTx& tx) { return chosen_packs(tx, deploy.app.id); }));
  std::string all = tree.file + '\0' + stack + '\0';
  for (const auto& [name, fallback] :
       {std::pair{kProcfilePath, "Procfile"}, std::pair{kAppJsonPath, "app.json"},
        std::pair{kBuildDir, ""}, std::pair{kKeepGitDir, "false"}}) {
    const std::string value = TRY(parts_.store.read(
        [&](ReadTx& tx) { return computed_property(tx, deploy.app.id, name, fallback); }));
    all += value + '\0';
  }
  for (const std::string& pack : packs) all += pack + '\0';
  for (const auto& [key, value] : config) all += key + '=' + value + '\0';
  return runtime::sha256_of(all);
}

Result<bool> Pipeline::is_unchanged(const Deploy& deploy, const std::string& inputs) {
  const auto live =
      TRY(parts_.store.read([&](ReadTx& tx) { return live_release(tx, deploy.app.id); }));
  return live && live->build_inputs == inputs && !deploy.app.stopped;
}

Result<> Pipeline::record_unchanged(Deploy& deploy, const BuildSource& source) {
  std::uint64_t old = 0;
  const auto change = [&](WriteTx& tx) -> Result<> {
    std::optional<Release> row = TRY(live_release(tx, deploy.app.id));
    if (!row) return fail(Errc::conflict, deploy.name() + " was torn down meanwhile");
    old = row->number;
    row->state = ReleaseState::starting;
    row->revision = source.revision;
    row->git_ref = source.git_ref;
    row->config = TRY(current_config_version(tx, deploy.app.id));
    row->port = TRY(mapped_port(parts_, tx, deploy.app));
    row->by = deploy.by;
    row->why = deploy.why;
    row->created_at = parts_.clock.wall();
    const std::uint64_t number = TRY(add_release(tx, deploy.app.id, *row));
    TRY(set_release_state(tx, deploy.app.id, number, ReleaseState::live));
    TRY(set_waiting_number(tx, deploy.app.id, std::nullopt));
    note_call_done();
    return {};
  };
  TRY(parts_.store.write(change));
  parts_.crash_points.reached("deploy.unchanged-recorded");
  deploy.stage_done("compare");
  deploy.progress.step("Nothing has changed since release " + std::to_string(old) +
                       ": nothing was built or restarted");
  return finish(deploy);
}

}  // namespace dokku::server
