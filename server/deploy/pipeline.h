// Pipeline: a deploy from source to serving, stage by stage. pipeline.cc is its table of contents.
//
//   source ─> unchanged? ─> build ─> release phase ─> start and check ─> switch ─> drain
//                             └──> skipped                                  └──> postdeploy
//
// Until the switch the old release is untouched: whatever fails, or when the person is gone, all
// that the deploy made goes away with it. After the switch nothing fails the deploy any more. A
// release row is the truth; containers and routes follow its commit.
//
// One deploy per app at a time (deploys.cc takes the turn); several apps at once are fine.
// Threads: any; blocks. Errors: messages are for the person, line by line.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "buildstep/api/builder.h"
#include "proxy/control/client.h"
#include "runtime/api/images.h"
#include "server/deploy/crash_points.h"
#include "server/deploy/routes.h"
#include "server/deploy/source.h"
#include "server/deploy/stopwatch.h"
#include "server/deploy/turns.h"
#include "server/deploy/wanted.h"
#include "server/model/app_json.h"
#include "server/model/health_check.h"
#include "server/model/instance.h"
#include "server/model/progress.h"
#include "server/model/release.h"
#include "server/store/apps.h"
#include "server/supervise/executor.h"

namespace dokku::server {

// Borrowed for the life of the daemon.
struct DeployParts {
  const Instance& instance;
  Store& store;
  const Clock& clock;
  Executor& executor;
  buildstep::Builder& builder;
  runtime::Images& images;
  proxy::RouteControl& proxy;
  CrashPoints& crash_points;
  // From server/platform, which lies above.
  std::function<Result<RouteSpec>(const ReadTx&, const App&)> route_spec;
  std::function<Result<std::vector<std::string>>(const App&)> urls;
  // Sets config of an app in the name of `by`. The app's version afterwards.
  std::function<Result<std::uint64_t>(const App&, const ConfigValues&, const std::string& by)>
      set_config;
  // For a rollback: the app's config is again what it was in `version`. In the transaction of the
  // switch, so that image and values change at once; `config_written` follows its commit.
  std::function<Result<>(WriteTx&, const App&, std::uint64_t version, const std::string& by)>
      config_back;
  std::function<void(const App&)> config_written;
  // Of the file system that a path lies on; a test's own in place of it.
  std::function<Result<DiskSpace>(const std::filesystem::path&)> disk_space = dokku::disk_space;
};

// One deploy under way.
struct Deploy {
  App app;
  std::string by;   // who
  std::string why;  // "git-push"
  Progress& progress;
  Stopwatch watch;
  // A rollback: the version of the app's config that counts again from the switch on.
  std::optional<std::uint64_t> config_back = {};

  const std::string& name() const { return app.name.str(); }
  // A stage ends: for the line at the deploy's end, and for --trace.
  void stage_done(std::string stage) { progress.debug("stage " + watch.lap(std::move(stage))); }
};

// What a push, or a rebuild, builds from.
struct BuildSource {
  KeptSource tree;
  std::string revision;  // full commit id
  std::string git_ref;
  bool force = false;  // build although nothing changed
};

// A command of the app's own: "release" of the Procfile, "postdeploy" of app.json.
struct AppTask {
  std::string name;
  std::string process;               // of its container: "release.12"
  std::string file;                  // which says so
  std::vector<std::string> command;  // as of RunSpec; the last word is shown
};

class ReleaseInProgress;
class Room;

class Pipeline {
 public:
  Pipeline(const DeployParts& parts, AppRoutes& routes, Room& room);
  ~Pipeline();  // waits for drains under way, at most their limit

  // A pushed tree. `tar_fd` is read to its end.
  Result<> push(Deploy& deploy, int tar_fd, const std::string& revision,
                const std::string& git_ref);
  // The live release's source again, from the build on.
  Result<> rebuild(Deploy& deploy, const Release& live);
  // An image that exists, with the config as it is now, or as deploy.config_back says: restarts,
  // starts after a stop, rollbacks.
  Result<> redeploy(Deploy& deploy, const Release& from);

  // What a push built and did not deploy (ps:set skip-deploy).
  Result<> deploy_waiting(Deploy& deploy, const Release& waiting);

  // The processes of one type of what runs: they end, then start again.
  Result<> restart_type(Deploy& deploy, const Release& running, const std::string& type);

  // Stops what is no longer routed: waits until its requests are done, then ends it.
  void drain(const App& app, std::uint64_t release, const std::vector<proxy::Target>& targets);
  // Blocks until `targets` are drained, at most checks:set's wait-to-retire.
  void await_drained(const App& app, const std::vector<proxy::Target>& targets);
  // The processes of `release` beside what runs, until each has shown that it is ready.
  Result<> start(Deploy& deploy, const Release& release);
  // Starts what `wanted` asks for beyond what runs, and waits until all of it is ready and has
  // passed the checks of `release`.
  Result<> start_and_check(Deploy& deploy, const Release& release, const ReleaseWanted& wanted);
  // Removes images, sources and rows of releases that are not kept.
  void prune(const Deploy& deploy);

 private:
  friend class ReleaseInProgress;

  Result<> build_and_deploy(Deploy& deploy, const BuildSource& source);
  Result<> deploy_image(Deploy& deploy, ReleaseInProgress& release, const Release& image);
  Result<> go_live(Deploy& deploy, const Release& release);
  Result<> finish(Deploy& deploy);

  // unchanged.cc
  Result<std::string> build_inputs(const Deploy& deploy, const KeptSource& tree);
  Result<bool> is_unchanged(const Deploy& deploy, const std::string& inputs);
  Result<> record_unchanged(Deploy& deploy, const BuildSource& source);
  // build.cc
  Result<Release> build(Deploy& deploy, const Release& row, const BuildSource& source);
  Result<buildstep::TreeWishes> look_at_files(Deploy& deploy, const buildstep::TreeFiles& files,
                                              Release& building, const BuildSource& source);
  // app_env.cc
  Result<ConfigValues> set_app_env(Deploy& deploy, const AppJson& json, Release& building);
  // release_phase.cc
  Result<> run_task(Deploy& deploy, const Release& release, const AppTask& task);
  Result<> run_release_phase(Deploy& deploy, const Release& release);
  Result<> run_first_postdeploy(Deploy& deploy, const Release& release);
  void run_postdeploy(Deploy& deploy, const Release& release);
  // start.cc
  Result<> await_ready(Deploy& deploy, const ReleaseWanted& wanted, const HealthChecks& checks,
                       std::set<std::string> told);
  Result<> check_health(Deploy& deploy, const ReleaseWanted& wanted, const HealthChecks& checks,
                        const std::set<std::string>& known);
  Error explain_failure(Deploy& deploy, const InstanceSeen& failed);
  // stop_first.cc
  Result<std::vector<std::string>> types_without_overlap(const Deploy& deploy,
                                                         const Release& release);
  Result<> stop_first(Deploy& deploy, const std::vector<std::string>& types, std::uint64_t old);
  void bring_back(const Deploy& deploy, std::uint64_t old);
  // switch.cc
  Result<> switch_over(Deploy& deploy, const Release& release);
  const DeployParts& parts_;
  AppRoutes& routes_;
  Room& room_;
  Turns builds_;
  std::mutex drains_mutex_;
  std::vector<std::thread> drains_;
};

// A release row that is not live yet. Unless it was kept, its end marks the row as failed and
// removes its containers, image and source.
class ReleaseInProgress {
 public:
  ReleaseInProgress(Pipeline& pipeline, const Deploy& deploy, Release row)
      : pipeline_(pipeline), deploy_(deploy), row_(std::move(row)) {}
  ~ReleaseInProgress();
  ReleaseInProgress(const ReleaseInProgress&) = delete;
  ReleaseInProgress& operator=(const ReleaseInProgress&) = delete;

  // In `state`; gives the row its number.
  Result<> add(ReleaseState state);
  const Release& row() const { return row_; }
  void keep() { kept_ = true; }

 private:
  Pipeline& pipeline_;
  const Deploy& deploy_;
  Release row_;
  bool kept_ = false;
};

// The container's side of the app's first port map: PORT of a release that is made now.
Result<std::uint16_t> mapped_port(const DeployParts& parts, const ReadTx& tx, const App& app);

// Where the packs of an app keep what makes the next build faster.
std::filesystem::path app_cache(const Instance& instance, const std::string& app);

// "dokku/blog:r12". Images of an app share the prefix "dokku/blog:".
std::string image_prefix(const std::string& app);
std::string image_name(const std::string& app, std::uint64_t release);
// "dokku/blog:r12" -> "blog"; empty for other images (the stack's).
std::string app_of_image(const std::string& ref);

}  // namespace dokku::server
