// Part of Deploys: an earlier release again.
#include "server/deploy/rollback.h"

#include <algorithm>

#include "server/deploy/deploys.h"
#include "server/store/config.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

std::string see_them(const App& app) { return "\nSee them: dokku releases:list " + app.name.str(); }

Error not_deployed(const App& app) {
  return {Errc::conflict, "App " + app.name.str() + " has not been deployed"};
}

// By values: after a rollback two versions of the config are the same.
Result<bool> differs(const ReadTx& tx, AppId app, const Release& one, const Release& other) {
  if (one.image_ref != other.image_ref) return true;
  if (one.config.app == other.config.app) return false;
  const ConfigValues values = TRY(config_values_at(tx, app, one.config.app));
  const ConfigValues others = TRY(config_values_at(tx, app, other.config.app));
  return values != others;
}

// Why it cannot be gone back to; none: it can.
Result<> check_ran(const App& app, const Release& release) {
  const std::string which = "Release " + std::to_string(release.number);
  switch (release.state) {
    case ReleaseState::live:
    case ReleaseState::retired:
      return {};
    case ReleaseState::built:
      return fail(Errc::conflict, which + " is built and waits for its deployment" +
                                      "\nDeploy it: dokku ps:restart " + app.name.str());
    default:
      return fail(Errc::conflict, which + " never ran" + see_them(app));
  }
}

// The newest before the live one that was something else.
Result<Release> one_before(const ReadTx& tx, const App& app) {
  const std::vector<Release> newest_first = TRY(list_releases(tx, app.id));
  const Release* live = nullptr;
  for (const Release& release : newest_first) {
    if (release.state == ReleaseState::live) live = &release;
    if (!live || release.state != ReleaseState::retired) continue;
    const bool other = TRY(differs(tx, app.id, release, *live));
    if (other) return release;
  }
  if (!live) return Fail(not_deployed(app));
  return fail(Errc::conflict, "No earlier release of " + app.name.str() + " is kept that differs" +
                                  " from what runs" + see_them(app));
}

std::string words_for(const Release& release) {
  std::string words = "release " + std::to_string(release.number);
  if (!release.revision.empty()) words += " (" + release.revision.substr(0, 8) + ")";
  return words;
}

}  // namespace

Result<Release> choose_release(const App& app, const std::vector<Release>& kept,
                               std::optional<std::uint64_t> number) {
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const Release& release) {
    return number ? release.number == *number : release.state == ReleaseState::live;
  });
  if (found != kept.end()) return *found;
  if (!number) return Fail(not_deployed(app));
  return fail(Errc::invalid_argument, "No release " + std::to_string(*number) + " of " +
                                          app.name.str() + " is kept" + see_them(app));
}

Result<Release> Deploys::earlier_of(const App& app, std::optional<std::uint64_t> number) {
  if (!number) return parts_.store.read([&](ReadTx& tx) { return one_before(tx, app); });
  const std::vector<Release> kept = TRY(releases(app));
  const Release asked = TRY(choose_release(app, kept, number));
  TRY(check_ran(app, asked));
  if (asked.state == ReleaseState::live && !app.stopped) {
    return fail(Errc::conflict,
                "Release " + std::to_string(*number) + " of " + app.name.str() + " serves already" +
                    "\nStart its processes anew: dokku ps:restart " + app.name.str());
  }
  return asked;
}

Result<> Deploys::rollback(const App& asked, std::optional<std::uint64_t> number,
                           const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "rollback", progress));
  App app = TRY(again(asked));
  TRY(check_unlocked(app));
  const Release to = TRY(earlier_of(app, number));
  progress.step("Rolling back " + app.name.str() + " to " + words_for(to) + "...");
  Deploy deploy{std::move(app),          actor.by,     actor.why, progress,
                Stopwatch(parts_.clock), to.config.app};
  return pipeline_.redeploy(deploy, to);
}

Result<std::vector<Release>> Deploys::releases(const App& app) {
  return parts_.store.read([&](ReadTx& tx) { return list_releases(tx, app.id); });
}

}  // namespace dokku::server
