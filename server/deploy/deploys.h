// Deploys: all that makes an app's processes what the store says, one at a time per app.
//
// The facade of this folder: push, rebuild, restart, scale, stop, start, tear down, and recovery at
// the daemon's start. Each takes the app's turn first; a second one waits and says for whom.
// Threads: any; calls block. Errors: conflict (taken and no waiting, locked, not deployed: Dokku's
// line), cancelled, and what the stages say.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/deploy/pipeline.h"
#include "server/deploy/room.h"
#include "server/deploy/routes.h"
#include "server/deploy/running_builds.h"
#include "server/deploy/turns.h"
#include "server/model/formation.h"

namespace dokku::server {

// Who does it, and with which words.
struct Actor {
  std::string by;    // a key's name, or a unix user
  std::string why;   // "git-push", "ps:restart"
  bool wait = true;  // false: `git push -o no-wait`
};

struct PushedTree {
  UniqueFd tar;
  std::string revision;  // full commit id
  std::string git_ref;
};

// An app gets another name. `also` runs in the transaction that renames the row, with the app as it
// is then: names and files of people are not this folder's.
struct Renaming {
  AppName to;
  bool skip_deploy = false;  // what runs is stopped, nothing is started
  std::function<Result<>(WriteTx&, const App&)> also;
};

// A second app is made like the first. `create` makes its row and all that is no release.
struct Cloning {
  AppName to;
  bool skip_deploy = false;
  std::function<Result<App>(WriteTx&, const App& from)> create;
};

// For `cleanup`: what may go besides what no app needs, and what went.
struct Cleaning {
  std::optional<App> app;  // of this one alone
  bool caches = false;     // build caches: the next build takes longer
  bool history = false;    // what git keeps of earlier pushes
};
struct Freed {
  std::uint64_t images = 0, caches = 0, sources = 0, logs = 0, repositories = 0;
  std::uint64_t all() const { return images + caches + sources + logs + repositories; }
};

// For disk:report.
struct DiskReport {
  DiskUse use;
  std::vector<DiskPlace> places;
  DiskRules rules;
};

// For ps:report.
struct ProcessReport {
  bool deployed = false;
  bool stopped = false;
  bool restored = true;   // after a reboot (ps:set restore), unless it is stopped
  bool can_scale = true;  // false: the repository says the counts
  std::optional<Release> live;
  std::uint64_t running = 0;            // the release whose containers serve
  Formation formation;                  // what is set, and "web" always
  std::vector<InstanceSeen> instances;  // of the running release
  std::chrono::seconds stop_timeout{};  // between SIGTERM and SIGKILL
};

class Deploys {
 public:
  explicit Deploys(const DeployParts& parts);
  ~Deploys();

  // At the daemon's start, once: forgets what a killed daemon began, adopts what runs, starts what
  // is missing, tells the proxy, and cleans up in the background. unavailable: containerd does not
  // answer yet; all of it follows by itself.
  Result<> recover();

  Result<> push(const App& asked, PushedTree tree, const Actor& actor, Progress& progress);
  Result<> rebuild(const App& asked, const Actor& actor, Progress& progress);
  // What waits for its deployment (ps:set skip-deploy), else the live image again.
  Result<> deploy_newest(const App& asked, const Actor& actor, Progress& progress);
  // The live image again, with the config as it is now.
  Result<> restart(const App& asked, const Actor& actor, Progress& progress);
  // Only the processes of one type. web, which must not pause, and any type after a change of
  // config means a restart of all. invalid_argument: no such type.
  Result<> restart_type(const App& asked, const std::string& type, const Actor& actor,
                        Progress& progress);
  // Makes the image, processes and own config of an earlier release live again, in one step, as a
  // new release. None: of the newest that had another image or config than the live one has; so a
  // second rollback goes forth again. conflict: it serves already, never ran, or there is none.
  Result<> rollback(const App& asked, std::optional<std::uint64_t> number, const Actor& actor,
                    Progress& progress);
  // Sets counts; those of a deployed app that runs are changed at once. invalid_argument: "X is not
  // a valid process name to scale up".
  Result<> scale(const App& asked, const Formation& counts, bool skip_deploy, const Actor& actor,
                 Progress& progress);
  // Ends all processes and keeps them ended, over reboots too, until one of those above starts
  // them. Returns when they are gone.
  Result<> stop(const App& asked, const Actor& actor, Progress& progress);

  // The startup checks of what runs, now. `which`: "" (all), a type, or one process ("web.1").
  // invalid_argument: "Invalid process type specified (APP.x)", "Invalid container index specified
  // (APP.web.9)"; conflict: not deployed, or a check failed.
  Result<> check(const App& app, const std::string& which, Progress& progress);

  // builds:cancel (running_builds.h).
  Result<> cancel_build(const App& app, Duration patience) {
    return running_builds_.cancel(app.id, patience);
  }

  Result<> routes_changed(const App& app);
  // Returns when requests reach what the store says shall serve: after the daemon's start routes
  // follow as processes are found ready. timed_out, cancelled; unavailable: one does not start.
  Result<> await_serving(const App& app, Duration patience, const CancelToken& cancel);
  // For groups of ours that are no app's.
  AppRoutes& routes() { return routes_; }
  // A crash point (crash_points.h).
  void reached(std::string_view name) { parts_.crash_points.reached(name); }
  // Ends processes, routes and files of an app, and the app itself.
  Result<> tear_down(const App& asked, const Actor& actor, Progress& progress);

  // Removes what no app needs: images, files, caches. Also done at each start. An app that is
  // being deployed is left alone.
  void clean_up();
  // The same, at once, with what the container runtime still holds of it.
  Result<Freed> clean_up(const Cleaning& how);
  // `apps`: of which to tell one by one.
  Result<DiskReport> disk_report(const std::vector<App>& apps);

  // Processes under the new name start beside the old ones, then routes and rows go over in one
  // step, then the old ones end: whoever uses the app notices nothing. On failure nothing is
  // changed. already_exists: the name is taken.
  Result<> rename(const App& asked, const Renaming& wish, const Actor& actor, Progress& progress);
  // With image and source of the live release. It is not started: the caller calls `start`.
  Result<App> clone(const App& asked, const Cloning& wish, const Actor& actor, Progress& progress);

  // For a restore: nobody deploys an app of this name, and its files belong to somebody, as long as
  // the turn is held.
  Result<Turns::Turn> reserve(const std::string& app, const Actor& actor, const char* what,
                              Progress& progress);
  // What the store says shall run, after rows and images came from a backup: all is started at
  // once, then each app's processes are awaited and its routes published. An app that does not
  // start is named, is tried on, and keeps no other from starting: the names of such.
  Result<std::vector<std::string>> start_as_stored(const std::vector<App>& apps, const Actor& actor,
                                                   Progress& progress);
  runtime::Images& images() { return parts_.images; }

  // That are kept, newest first; failed ones too.
  Result<std::vector<Release>> releases(const App& app);
  Result<ProcessReport> report(const App& app);
  // It has an image that can be started: one that is live, or waits.
  Result<bool> can_start(const App& app);
  // A one-off container of the live release, else of what waits, without name and command.
  // conflict: "App image (dokku/APP:latest) not found".
  Result<RunSpec> one_off(const App& app);

 private:
  Result<Turns::Turn> take_turn(const App& app, const Actor& actor, const char* what,
                                Progress& progress);
  // In the history of builds, with what `deed` prints.
  Result<> recorded(const App& app, const Actor& actor, Progress& progress,
                    const std::function<Result<>(Deploy&)>& deed);
  // As it is now that the turn is ours.
  Result<App> again(const App& app);
  static Result<> check_unlocked(const App& app);
  Result<Release> live_of(const App& app);
  Result<Release> earlier_of(const App& app, std::optional<std::uint64_t> number);
  Result<std::optional<Release>> waiting_of(const App& app);
  // restored.cc
  Result<> await_stored(const App& asked, const Actor& actor, Progress& progress);
  Result<> save_counts(AppId app, const Formation& counts);
  Result<> scale_running(Deploy& deploy, const Release& running, const Formation& counts);
  Result<> await_gone(const std::string& app, std::uint64_t release, Duration limit);
  // renaming.cc
  struct BothTurns;
  Result<BothTurns> take_both(const App& app, const AppName& to, const Actor& actor,
                              const char* what, Progress& progress);
  Result<> check_free(const AppName& name);
  Result<> tag_images(const App& app, const AppName& to);
  Result<> rename_running(const Renaming& wish, Deploy& deploy, const App& app,
                          std::uint64_t running);
  Result<> commit_rename(const Renaming& wish, const App& app, const Release* fresh);
  void retire_old_name(const App& app, std::uint64_t running,
                       const std::vector<proxy::Target>& targets, Progress& progress);
  void move_files(const std::string& from, const std::string& to);
  void finish_rename(const App& app, const std::string& from);
  void finish_renames();
  Result<> copy_source(const Release& release, const AppName& from, const AppName& to);
  void forget_clone(const AppName& name);

  Result<> fail_unfinished();
  void prune_now(const App& app);
  void cut_histories(const std::optional<App>& only);
  void clean_up_app(const App& app);
  void clean_up_strangers();

  const DeployParts parts_;
  AppRoutes routes_;
  Turns turns_;
  Room room_;
  Pipeline pipeline_;
  RunningBuilds running_builds_;
  std::thread cleaner_;  // at the start
};

}  // namespace dokku::server
