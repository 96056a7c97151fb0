#include "server/deploy/deploys.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "server/deploy/build_record.h"
#include "server/deploy/limits.h"
#include "server/deploy/scale_file.h"
#include "server/store/calls.h"
#include "server/store/config.h"
#include "server/store/formation.h"
#include "server/store/properties.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr Duration kKillLimit = std::chrono::seconds(30);
constexpr Duration kStopSlack = std::chrono::seconds(15);

Error not_deployed(const App& app) {
  return {Errc::conflict, "App " + app.name.str() + " has not been deployed"};
}

}  // namespace

Deploys::Deploys(const DeployParts& parts)
    : parts_(parts),
      routes_({parts.store, parts.executor, parts.proxy, parts.instance, parts.route_spec}),
      turns_(parts.clock, 1),
      room_(parts_, turns_),
      pipeline_(parts_, routes_, room_) {}

Deploys::~Deploys() {
  if (cleaner_.joinable()) cleaner_.join();
}

Result<> Deploys::push(const App& asked, PushedTree tree, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "deploy", progress));
  App app = TRY(again(asked));
  TRY(check_unlocked(app));
  return recorded(app, actor, progress, [&](Deploy& deploy) {
    return pipeline_.push(deploy, tree.tar.get(), tree.revision, tree.git_ref);
  });
}

Result<> Deploys::rebuild(const App& asked, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "rebuild", progress));
  App app = TRY(again(asked));
  TRY(check_unlocked(app));
  std::optional<Release> newest = TRY(waiting_of(app));
  if (!newest) newest = TRY(live_of(app));
  return recorded(app, actor, progress,
                  [&](Deploy& deploy) { return pipeline_.rebuild(deploy, *newest); });
}

Result<> Deploys::recorded(const App& app, const Actor& actor, Progress& progress,
                           const std::function<Result<>(Deploy&)>& deed) {
  BuildRecord record({parts_.instance, parts_.store, parts_.clock}, app.id, "build", actor.why,
                     progress);
  const RunningBuilds::Entry running(running_builds_, app.id, progress.cancel());
  Deploy deploy{app, actor.by, actor.why, record, Stopwatch(parts_.clock)};
  const Result<> done = deed(deploy);
  const auto live = parts_.store.read([&](ReadTx& tx) { return live_release(tx, app.id); });
  return record.end(done, live && *live ? (*live)->number : 0);
}

Result<> Deploys::deploy_newest(const App& asked, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "restart", progress));
  App app = TRY(again(asked));
  const std::optional<Release> waiting = TRY(waiting_of(app));
  if (waiting) {
    TRY(check_unlocked(app));
    return recorded(app, actor, progress,
                    [&](Deploy& deploy) { return pipeline_.deploy_waiting(deploy, *waiting); });
  }
  const Release live = TRY(live_of(app));
  Deploy deploy{std::move(app), actor.by, actor.why, progress, Stopwatch(parts_.clock)};
  return pipeline_.redeploy(deploy, live);
}

Result<> Deploys::restart(const App& asked, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "restart", progress));
  App app = TRY(again(asked));
  const Release live = TRY(live_of(app));
  Deploy deploy{std::move(app), actor.by, actor.why, progress, Stopwatch(parts_.clock)};
  return pipeline_.redeploy(deploy, live);
}

Result<> Deploys::restart_type(const App& asked, const std::string& type, const Actor& actor,
                               Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "restart", progress));
  App app = TRY(again(asked));
  const Release live = TRY(live_of(app));
  if (type == "release" || !live.processes.contains(type)) {
    return fail(Errc::invalid_argument, "No process type " + printable(type) + " in app " +
                                            app.name.str() + "\nSee them: dokku ps:scale " +
                                            app.name.str());
  }
  std::optional<std::uint64_t> running;
  bool config_changed = false;
  const auto look = [&](ReadTx& tx) -> Result<> {
    running = TRY(running_number(tx, app.id));
    const ConfigValues config = TRY(merged_config(tx, app.id));
    const ConfigValues config_of_live = TRY(merged_config_at(tx, app.id, live.config));
    config_changed = config != config_of_live;
    return {};
  };
  TRY(parts_.store.read(look));
  const bool all = type == "web" || config_changed || app.stopped || running != live.number;
  Deploy deploy{std::move(app), actor.by, actor.why, progress, Stopwatch(parts_.clock)};
  if (all) return pipeline_.redeploy(deploy, live);
  return pipeline_.restart_type(deploy, live, type);
}

// --- counts

Result<> Deploys::scale(const App& asked, const Formation& counts, bool skip_deploy,
                        const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "scaling", progress));
  const App app = TRY(again(asked));
  const auto running =
      TRY(parts_.store.read([&](ReadTx& tx) { return running_number(tx, app.id); }));
  std::optional<Release> release;
  if (running) {
    release =
        TRY(parts_.store.read([&](ReadTx& tx) { return find_release(tx, app.id, *running); }));
    if (!formation_of_file(*release).empty()) {
      return fail(Errc::conflict, "App " + app.name.str() +
                                      " contains a DOKKU_SCALE file and cannot be manually scaled"
                                      "\nChange the file and push, or remove it");
    }
    if (!fixed_formation(*release).empty()) {
      return fail(Errc::conflict, "App " + app.name.str() +
                                      " contains an app.json file with a formations key and "
                                      "cannot be manually scaled");
    }
    for (const auto& [type, count] : counts) {
      if (count == 0 || (type != "release" && release->processes.contains(type))) continue;
      return fail(Errc::invalid_argument, type + " is not a valid process name to scale up\n" +
                                              "See those of the Procfile: dokku ps:scale " +
                                              app.name.str());
    }
  }
  if (release && !app.stopped && !skip_deploy) {
    Deploy deploy{app, actor.by, actor.why, progress, Stopwatch(parts_.clock)};
    return scale_running(deploy, *release, counts);
  }
  TRY(save_counts(app.id, counts));
  parts_.crash_points.reached("deploy.scaled");
  return {};
}

Result<> Deploys::save_counts(AppId app, const Formation& counts) {
  return parts_.store.write([&](WriteTx& tx) {
    note_call_done();
    return save_formation(tx, app, counts);
  });
}

// More first and checked, then the routes, then what is too many ends.
Result<> Deploys::scale_running(Deploy& deploy, const Release& running, const Formation& counts) {
  const AppId id = deploy.app.id;
  const ReleaseWanted before =
      TRY(parts_.store.read([&](ReadTx& tx) { return wanted_release(tx, deploy.app, running); }));
  ReleaseWanted most = before;
  for (ProcessWanted& process : most.processes) {
    const auto asked = counts.find(process.type);
    if (asked == counts.end() || asked->second == process.count) continue;
    deploy.progress.step("Deploying " + process.type + " (count=" + std::to_string(asked->second) +
                         ")");
    process.count = std::max(process.count, asked->second);
  }
  const Result<> started = pipeline_.start_and_check(deploy, running, most);
  if (!started) {
    static_cast<void>(parts_.executor.want(before));
    return started;
  }
  const auto old = routes_.targets(deploy.name(), running.number, kInstancesMax);
  TRY(save_counts(id, counts));
  parts_.crash_points.reached("deploy.scaled");
  const Result<> published = routes_.publish(deploy.name());
  if (!published) deploy.progress.warn(published.error().message());
  const ReleaseWanted after =
      TRY(parts_.store.read([&](ReadTx& tx) { return wanted_release(tx, deploy.app, running); }));
  unsigned web = 0;
  for (const ProcessWanted& process : after.processes) {
    if (process.type == "web") web = process.count;
  }
  const auto kept = routes_.targets(deploy.name(), running.number, web);
  std::vector<proxy::Target> leaving;
  for (const proxy::Target& target : old) {
    if (std::find(kept.begin(), kept.end(), target) == kept.end()) leaving.push_back(target);
  }
  pipeline_.await_drained(deploy.app, leaving);
  return parts_.executor.want(after);
}

Result<> Deploys::stop(const App& asked, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "stop", progress));
  const App app = TRY(again(asked));
  const auto wanted = TRY(parts_.store.read([&](ReadTx& tx) { return wanted_now(tx, app); }));
  TRY(parts_.store.write([&](WriteTx& tx) {
    note_call_done();  // the next daemon would end the processes too
    return set_app_stopped(tx, app.id, true);
  }));
  parts_.crash_points.reached("deploy.stopped");
  if (!wanted) return {};
  const auto targets = routes_.targets(app.name.str(), wanted->release, kInstancesMax);
  const Result<> published = routes_.publish(app.name.str());
  if (!published) progress.warn(published.error().message());
  pipeline_.await_drained(app, targets);
  parts_.executor.forget(app.name.str(), wanted->release, {});
  return await_gone(app.name.str(), wanted->release, wanted->stop_grace + kStopSlack);
}

Result<> Deploys::await_gone(const std::string& app, std::uint64_t release, Duration limit) {
  std::mutex mutex;
  std::condition_variable changed;
  bool dirty = true;
  const auto watch = parts_.executor.watch([&](const InstanceSeen& seen) {
    if (seen.app != app) return;
    std::lock_guard hold(mutex);
    dirty = true;
    changed.notify_all();
  });
  const auto still_there = [&] {
    for (const InstanceSeen& seen : parts_.executor.instances(app)) {
      if (seen.release == release) return true;
    }
    return false;
  };
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (still_there()) {
    std::unique_lock hold(mutex);
    if (!changed.wait_until(hold, deadline, [&] { return dirty; })) {
      return fail(Errc::timed_out, "The processes of " + app + " do not end");
    }
    dirty = false;
  }
  return {};
}

// --- routes, and what is asked

Result<> Deploys::routes_changed(const App& app) { return routes_.publish(app.name.str()); }

Result<ProcessReport> Deploys::report(const App& app) {
  ProcessReport out;
  const auto look = [&](ReadTx& tx) -> Result<> {
    const auto running = TRY(running_number(tx, app.id));
    out.running = running.value_or(0);
    out.live = TRY(live_release(tx, app.id));
    out.formation = TRY(load_formation(tx, app.id));
    if (out.live) out.can_scale = fixed_formation(*out.live).empty();
    if (out.live) out.formation = TRY(set_formation(tx, app.id, *out.live));
    out.restored = TRY(is_restored(tx, app.id));
    const unsigned seconds = TRY(stop_timeout(tx, app.id));
    out.stop_timeout = std::chrono::seconds(seconds);
    return {};
  };
  TRY(parts_.store.read(look));
  out.deployed = out.live.has_value();
  out.stopped = app.stopped;
  out.formation.try_emplace("web", 1);
  if (out.live) {
    for (const auto& [type, count] : effective_formation(*out.live, out.formation)) {
      out.formation.try_emplace(type, count);
    }
  }
  for (InstanceSeen& seen : parts_.executor.instances(app.name.str())) {
    const bool stays = seen.state != InstanceSeen::State::stopping;
    if (seen.release == out.running && stays) out.instances.push_back(std::move(seen));
  }
  return out;
}

Result<bool> Deploys::can_start(const App& app) {
  return parts_.store.read([&](ReadTx& tx) -> Result<bool> {
    const std::optional<Release> live = TRY(live_release(tx, app.id));
    const std::optional<Release> waiting = TRY(waiting_release(tx, app.id));
    return live || waiting;
  });
}

Result<RunSpec> Deploys::one_off(const App& app) {
  return parts_.store.read([&](ReadTx& tx) -> Result<RunSpec> {
    std::optional<Release> live = TRY(live_release(tx, app.id));
    if (!live) live = TRY(waiting_release(tx, app.id));
    if (!live) {
      return fail(Errc::conflict, "App image (dokku/" + app.name.str() + ":latest) not found");
    }
    runtime::ImageRef image = TRY(runtime::ImageRef::parse(live->image_ref));
    RunSpec spec{.app = app.name.str(), .release = live->number, .image = std::move(image)};
    spec.env = TRY(process_environment(tx, app.id, *live));
    spec.port = port_of(*live);
    spec.limits = TRY(process_limits(tx, app.id, ""));
    spec.mounts = TRY(storage_mounts(tx, app.id));
    return spec;
  });
}

// --- turns

Result<Turns::Turn> Deploys::take_turn(const App& app, const Actor& actor, const char* what,
                                       Progress& progress) {
  auto turn =
      turns_.take({.key = app.name.str(),
                   .what = std::string("the ") + what + " of " + app.name.str() + " by " + actor.by,
                   .wait = actor.wait},
                  progress);
  if (turn) progress.debug(std::string("it is the turn of the ") + what + " of " + app.name.str());
  if (!turn && turn.error().code() == Errc::conflict) {
    return fail(Errc::conflict, app.name.str() + " is busy: " + turn.error().message() +
                                    "\nTry again when it is done, or push without no-wait");
  }
  return turn;
}

Result<App> Deploys::again(const App& app) {
  App found = TRY(parts_.store.read([&](ReadTx& tx) { return find_app(tx, app.name); }));
  // Destroyed or renamed meanwhile, and another got its name.
  if (found.id != app.id) return Fail(app_missing(app.name.str()));
  return found;
}

Result<Release> Deploys::live_of(const App& app) {
  std::optional<Release> live =
      TRY(parts_.store.read([&](ReadTx& tx) { return live_release(tx, app.id); }));
  if (!live) return Fail(not_deployed(app));
  return std::move(*live);
}

// apps:lock is against other code, not against restarts.
Result<> Deploys::check_unlocked(const App& app) {
  if (!app.locked) return {};
  return fail(Errc::conflict, app.name.str() +
                                  " currently has a deploy lock in place. Exiting...\n" +
                                  "Run 'apps:unlock' to release the existing deploy lock");
}

Result<std::optional<Release>> Deploys::waiting_of(const App& app) {
  return parts_.store.read([&](ReadTx& tx) { return waiting_release(tx, app.id); });
}

// --- the end of an app

Result<> Deploys::tear_down(const App& asked, const Actor& actor, Progress& progress) {
  const Turns::Turn turn = TRY(take_turn(asked, actor, "destruction", progress));
  const App app = TRY(again(asked));
  const std::string& name = app.name.str();
  // From here on it is an app that was never deployed: what a killed daemon leaves of it is removed
  // by the next one.
  const auto change = [&](WriteTx& tx) -> Result<> {
    const auto live = TRY(live_release(tx, app.id));
    if (live) TRY(set_release_state(tx, app.id, live->number, ReleaseState::retired));
    const std::vector<Release> all = TRY(list_releases(tx, app.id));
    for (const Release& release : all) TRY(delete_release(tx, app.id, release.number));
    return set_running_number(tx, app.id, std::nullopt);
  };
  TRY(parts_.store.write(change));
  parts_.crash_points.reached("deploy.torn-down-in-store");
  const Result<> removed = routes_.remove(name);
  if (!removed) log::warn("removing routes of " + name + ": " + removed.error().message());
  TRY(parts_.executor.erase(name, kKillLimit));
  clean_up_app(app);
  parts_.crash_points.reached("deploy.torn-down-files");
  // Within the turn: a push that waits for it finds no app any more, not half of one.
  return parts_.store.write([&](WriteTx& tx) { return delete_app(tx, app.id); });
}

}  // namespace dokku::server
