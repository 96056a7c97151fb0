// Part of Deploys: apps that came out of a backup start from the releases that they had.
#include "base/log.h"
#include "server/deploy/deploys.h"
#include "server/deploy/log_limits.h"
#include "server/store/releases.h"

namespace dokku::server {

Result<Turns::Turn> Deploys::reserve(const std::string& app, const Actor& actor, const char* what,
                                     Progress& progress) {
  const std::string deed = std::string("the ") + what + " of " + app + " by " + actor.by;
  return turns_.take({.key = app, .what = deed, .wait = actor.wait}, progress);
}

Result<std::vector<std::string>> Deploys::start_as_stored(const std::vector<App>& apps,
                                                          const Actor& actor, Progress& progress) {
  for (const App& app : apps) {
    auto wanted = TRY(parts_.store.read([&](ReadTx& tx) { return wanted_now(tx, app); }));
    if (!wanted) continue;
    TRY(apply_log_limits(parts_.instance, parts_.store, app));
    const Result<> asked = parts_.executor.want(*wanted);
    if (!asked) log::warn("starting " + app.name.str() + ": " + asked.error().message());
  }
  std::vector<std::string> failed;
  for (const App& app : apps) {
    const Result<> started = await_stored(app, actor, progress);
    if (started) continue;
    if (started.error().code() == Errc::cancelled) return Fail(started.error());
    progress.warn(app.name.str() + " does not start: " + started.error().message());
    failed.push_back(app.name.str());
  }
  return failed;
}

// Its routes are published whether or not it is ready: they follow it when it is.
Result<> Deploys::await_stored(const App& asked, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "start", progress));
  App app = TRY(again(asked));
  const auto running =
      TRY(parts_.store.read([&](ReadTx& tx) { return running_number(tx, app.id); }));
  if (!running || app.stopped) return routes_.publish(app.name.str());
  const Release release =
      TRY(parts_.store.read([&](ReadTx& tx) { return find_release(tx, app.id, *running); }));
  Deploy deploy{std::move(app), actor.by, actor.why, progress, Stopwatch(parts_.clock)};
  const Result<> started = pipeline_.start(deploy, release);
  const Result<> published = routes_.publish(deploy.name());
  if (!started) return started;
  if (!published && published.error().code() == Errc::unavailable) return {};
  return published;
}

}  // namespace dokku::server
