// What Deploys does at the daemon's start: the store says what shall be, all else is made to agree.
#include <set>
#include <system_error>

#include "base/log.h"
#include "server/deploy/access_logs.h"
#include "server/deploy/boot_order.h"
#include "server/deploy/build_record.h"
#include "server/deploy/deploys.h"
#include "server/deploy/fetched_packs.h"
#include "server/deploy/git_history.h"
#include "server/deploy/log_limits.h"
#include "server/deploy/nobody.h"
#include "server/logs/segments.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

std::set<std::string> names_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(directory, missing)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

void remove_tree(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::remove_all(path, failed);
  if (failed) log::warn("removing " + path.string() + ": " + failed.message());
}

}  // namespace

Result<> Deploys::recover() {
  TRY(fail_unfinished());
  finish_renames();
  std::vector<ReleaseWanted> wanted;
  const auto look = [&](ReadTx& tx) -> Result<> {
    const std::vector<App> apps = TRY(list_apps(tx));
    for (const App& app : apps) {
      auto one = wanted_now(tx, app);
      if (!one) log::error("starting " + app.name.str() + ": " + one.error().message());
      if (one && *one) wanted.push_back(std::move(**one));
    }
    return {};
  };
  TRY(parts_.store.read(look));
  last_used_first(wanted, parts_.instance.proxy_logs_dir);
  Result<> adopted = parts_.executor.adopt(wanted);
  routes_.reconcile();
  cleaner_ = std::thread([this] { clean_up(); });
  return adopted;
}

Result<> Deploys::fail_unfinished() {
  return parts_.store.write([&](WriteTx& tx) -> Result<> {
    const std::vector<AppRelease> unfinished =
        TRY(releases_in(tx, {ReleaseState::building, ReleaseState::starting}));
    for (const AppRelease& one : unfinished) {
      TRY(set_release_state(tx, one.app, one.release.number, ReleaseState::failed));
    }
    TRY(abandon_running_builds(tx, parts_.clock.wall()));
    return {};
  });
}

// --- what a killed daemon left behind, and what grows

void Deploys::clean_up() {
  const auto apps = parts_.store.read([](ReadTx& tx) { return list_apps(tx); });
  if (!apps) return log::warn("cleaning up: " + apps.error().message());
  for (const App& app : *apps) prune_now(app);
  clean_up_strangers();
  room_.collect_soon();
}

void Deploys::prune_now(const App& app) {
  auto cancel = CancelToken::create();
  if (!cancel) return;
  Nobody nobody(std::move(*cancel));
  // Whoever holds the turn prunes at its end.
  const auto turn =
      turns_.take({.key = app.name.str(), .what = "cleaning up", .wait = false}, nobody);
  if (!turn) return;
  Deploy deploy{app, "dokkud", "start", nobody, Stopwatch(parts_.clock)};
  pipeline_.prune(deploy);
}

Result<Freed> Deploys::clean_up(const Cleaning& how) {
  const DiskUse before = TRY(disk_use(parts_, {}));
  const std::vector<App> apps = TRY(parts_.store.read([](ReadTx& tx) { return list_apps(tx); }));
  for (const App& app : apps) {
    if (how.app && app.id != how.app->id) continue;
    prune_now(app);
    if (how.caches) room_.drop_cache(app.name.str());
  }
  if (!how.app) {
    clean_up_strangers();
    if (how.caches) {
      drop_fetched_packs(parts_.instance, std::filesystem::file_time_type::max(),
                         [] { return false; });
    }
    const std::uint64_t budget = logs_budget(parts_.store);
    if (budget != 0) TRY(trim_logs(parts_.instance.logs_dir(), budget));
  }
  if (how.history) cut_histories(how.app);
  TRY(parts_.images.collect());
  const DiskUse after = TRY(disk_use(parts_, {}));
  const auto gone = [&](std::uint64_t ServerDiskUse::*what) {
    const std::uint64_t had = before.server.*what, has = after.server.*what;
    return had > has ? had - has : 0;
  };
  return Freed{gone(&ServerDiskUse::images) + gone(&ServerDiskUse::containers),
               gone(&ServerDiskUse::caches) + gone(&ServerDiskUse::packs),
               gone(&ServerDiskUse::sources), gone(&ServerDiskUse::logs),
               gone(&ServerDiskUse::repositories)};
}

void Deploys::cut_histories(const std::optional<App>& only) {
  for (const std::string& name : names_in(parts_.instance.git_dir())) {
    if (only && name != only->name.str() + ".git") continue;
    const auto cut = cut_history(parts_.instance.git_dir() / name);
    if (!cut) log::warn("cutting a history: " + cut.error().message());
  }
}

Result<DiskReport> Deploys::disk_report(const std::vector<App>& apps) {
  DiskReport report;
  report.rules = TRY(parts_.store.read([](ReadTx& tx) { return disk_rules(tx); }));
  report.places = TRY(disk_places(parts_, report.rules));
  report.use = TRY(disk_use(parts_, apps));
  return report;
}

// Files and images of apps that are not in the store. What there is is listed first: an app that is
// created meanwhile is in the store before it has any.
void Deploys::clean_up_strangers() {
  const auto sources = names_in(parts_.instance.sources_dir());
  const auto caches = names_in(app_cache(parts_.instance, ""));
  const auto logs = names_in(parts_.instance.logs_dir());
  const auto build_logs = names_in(parts_.instance.state_dir / "build-logs");
  const auto repositories = names_in(parts_.instance.git_dir());
  const auto logged = apps_with_access_logs(parts_.instance);
  const auto images = parts_.images.list("dokku/");
  // A rename holds its turns while files and rows disagree, so whoever has one is looked at both
  // before and after the rows are read.
  std::set<std::string> known = turns_.keys();
  const auto apps = parts_.store.read([](ReadTx& tx) { return list_apps(tx); });
  if (!apps) return;
  known.merge(turns_.keys());
  std::set<std::string> ids;
  for (const App& app : *apps) {
    known.insert(app.name.str());
    ids.insert(build_logs_dir(parts_.instance, app.id).filename().string());
  }
  for (const auto& name : build_logs) {
    if (!ids.contains(name)) remove_tree(parts_.instance.state_dir / "build-logs" / name);
  }
  for (const auto& name : sources) {
    if (!known.contains(name)) remove_tree(parts_.instance.sources_dir() / name);
  }
  for (const auto& name : caches) {
    if (!known.contains(name)) remove_tree(app_cache(parts_.instance, name));
  }
  for (const auto& name : logs) {
    if (!known.contains(name)) remove_tree(parts_.instance.logs_dir() / name);
  }
  for (const auto& name : repositories) {
    const bool ours = name.ends_with(".git") && !known.contains(name.substr(0, name.size() - 4));
    if (ours) remove_tree(parts_.instance.git_dir() / name);
  }
  for (const auto& name : logged) {
    if (!known.contains(name)) remove_access_logs(parts_.instance, name);
  }
  if (!images) return;
  for (const runtime::ImageRef& image : *images) {
    const std::string app = app_of_image(image.str());
    if (app.empty() || known.contains(app)) continue;
    const auto removed = parts_.images.remove(image, false);
    if (!removed) log::warn("removing " + image.str() + ": " + removed.error().message());
  }
}

// All files and images of one app.
void Deploys::clean_up_app(const App& app) {
  const std::string& name = app.name.str();
  const auto images = parts_.images.list(image_prefix(name));
  if (images) {
    for (const runtime::ImageRef& image : *images) {
      const auto removed = parts_.images.remove(image, &image == &images->back());
      if (!removed) log::warn("removing " + image.str() + ": " + removed.error().message());
    }
  }
  remove_tree(parts_.instance.sources_dir() / name);
  remove_tree(app_cache(parts_.instance, name));
  remove_tree(parts_.instance.logs_dir() / name);
  remove_access_logs(parts_.instance, name);
  remove_tree(parts_.instance.git_dir() / (name + ".git"));
  remove_tree(build_logs_dir(parts_.instance, app.id));
}

}  // namespace dokku::server
