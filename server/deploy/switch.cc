// Stage "switch": the store says which release is live, then the proxy follows in one step.
#include "base/log.h"
#include "server/deploy/pipeline.h"
#include "server/store/calls.h"
#include "server/store/config.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr int kPortTries = 200;

// The next one that no app has.
Result<std::uint16_t> next_own_port(Store& store, const App& app, std::uint16_t taken) {
  constexpr unsigned kLast = 65535;
  for (unsigned port = taken + 1U; port <= kLast; ++port) {
    const auto candidate = static_cast<std::uint16_t>(port);
    const Result<> set =
        store.write([&](WriteTx& tx) { return set_app_own_port(tx, app.id, candidate); });
    if (set) return candidate;
    if (set.error().code() != Errc::conflict) return Fail(set.error());
  }
  return fail(Errc::limit_exceeded, "No free port is left above " + std::to_string(taken));
}

// An own port was free when it was chosen, maybe long ago: another program, or the app of another
// instance, may listen on it by now.
Result<> publish(const DeployParts& parts, AppRoutes& routes, Deploy& deploy) {
  Result<> published = routes.publish(deploy.name());
  for (int i = 0; i < kPortTries && !published; ++i) {
    const Result<RouteSpec> spec =
        parts.store.read([&](ReadTx& tx) { return parts.route_spec(tx, deploy.app); });
    const bool has_own = spec && spec->own_port.has_value();
    if (published.error().code() != Errc::conflict || !has_own) return published;
    const Result<std::uint16_t> chosen = next_own_port(parts.store, deploy.app, *spec->own_port);
    if (!chosen) return published;
    deploy.progress.warn("Port " + std::to_string(*spec->own_port) +
                         " is used by another program; " + deploy.name() + " gets port " +
                         std::to_string(*chosen));
    deploy.app.own_port = *chosen;
    published = routes.publish(deploy.name());
  }
  return published;
}

}  // namespace

Result<> Pipeline::switch_over(Deploy& deploy, const Release& release) {
  const AppId id = deploy.app.id;
  // Gone before the switch: the deploy is cancelled. After it the deploy is done.
  if (deploy.progress.cancel().cancelled()) return fail(Errc::cancelled, "Cancelled");
  std::optional<std::uint64_t> old;
  std::optional<Release> old_live;
  std::optional<Release> waiting;
  std::uint64_t old_config = 0;
  const auto config_back = [&](WriteTx& tx, std::uint64_t version) {
    return parts_.config_back(tx, deploy.app, version, deploy.by);
  };
  const auto change = [&](WriteTx& tx) -> Result<> {
    old = TRY(running_number(tx, id));
    old_live = TRY(live_release(tx, id));
    waiting = TRY(waiting_release(tx, id));
    TRY(set_release_state(tx, id, release.number, ReleaseState::live));
    TRY(set_app_stopped(tx, id, false));
    // A restart of what was live leaves a newer image waiting.
    const bool same_image = old_live && old_live->image_ref == release.image_ref;
    if (!same_image) TRY(set_waiting_number(tx, id, std::nullopt));
    if (deploy.config_back) {
      old_config = TRY(config_version(tx, id));
      TRY(config_back(tx, *deploy.config_back));
    }
    note_call_done();
    return set_running_number(tx, id, release.number);
  };
  TRY(parts_.store.write(change));
  parts_.crash_points.reached("deploy.live-committed");
  if (deploy.config_back) parts_.config_written(deploy.app);
  const Result<> published = publish(parts_, routes_, deploy);
  deploy.progress.debug("routes of " + deploy.name() + " lead to release " +
                        std::to_string(release.number) +
                        (old ? ", before to " + std::to_string(*old) : ""));
  parts_.crash_points.reached("deploy.routes-switched");
  if (published) return {};
  if (published.error().code() == Errc::unavailable) {
    deploy.progress.warn("The proxy is away; the new release gets its requests when it is back");
    return {};
  }
  // A name or port that another has taken: back to what served before.
  const Result<> back = parts_.store.write([&](WriteTx& tx) -> Result<> {
    note_call_done(false);
    TRY(set_running_number(tx, id, old));
    if (waiting) TRY(set_waiting_number(tx, id, waiting->number));
    TRY(set_app_stopped(tx, id, deploy.app.stopped));
    if (deploy.config_back) TRY(config_back(tx, old_config));
    if (!old_live) return set_release_state(tx, id, release.number, ReleaseState::retired);
    TRY(set_release_state(tx, id, old_live->number, ReleaseState::starting));
    return set_release_state(tx, id, old_live->number, ReleaseState::live);
  });
  if (!back) log::error("going back to the old release: " + back.error().message());
  if (deploy.config_back) parts_.config_written(deploy.app);
  return Fail(published.error());
}

}  // namespace dokku::server
