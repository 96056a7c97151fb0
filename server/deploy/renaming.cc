// Part of Deploys: an app gets another name, or a twin.
//
// Images, sources, caches, logs, the repository and containers are named after their app. The rows
// go over in one transaction, and say so ("apps.renamed-from") until the files have followed: what
// a killed daemon has not moved is moved by the next one, before it looks for strangers.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/log.h"
#include "server/deploy/access_logs.h"
#include "server/deploy/deploys.h"
#include "server/store/calls.h"
#include "server/store/config.h"
#include "server/store/properties.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRenamedFrom = "apps.renamed-from";
constexpr Duration kEndLimit = std::chrono::seconds(60);

ReleasePlaces places_of(const std::string& app) { return {image_prefix(app), app + "/"}; }

// "dokku/blog:r3" to "dokku/shop:r3"; what does not begin with `from` stays.
std::string moved(const std::string& text, const std::string& from, const std::string& to) {
  return text.starts_with(from) ? to + text.substr(from.size()) : text;
}

// What is at `to` belongs to nobody: the name was free.
void move_folder(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  if (!fs::exists(from, failed)) return;
  fs::remove_all(to, failed);
  fs::rename(from, to, failed);
  if (failed) log::error("moving " + from.string() + ": " + failed.message());
}

// Segments of the old name beside those that the new processes write already.
void merge_logs(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  for (const auto& process : fs::directory_iterator(from, failed)) {
    const fs::path target = to / process.path().filename();
    fs::create_directories(target, failed);
    std::error_code unreadable;
    for (const auto& segment : fs::directory_iterator(process.path(), unreadable)) {
      const fs::path file = target / segment.path().filename();
      if (!fs::exists(file, failed)) fs::rename(segment.path(), file, failed);
    }
  }
  fs::remove_all(from, failed);
}

}  // namespace

// In the order of the names, so that two that want each other's cannot wait for ever.
struct Deploys::BothTurns {
  Turns::Turn first;
  Turns::Turn second;
};

Result<Deploys::BothTurns> Deploys::take_both(const App& app, const AppName& to, const Actor& actor,
                                              const char* what, Progress& progress) {
  if (app.name == to) return fail(Errc::already_exists, "Name is already taken");
  const std::string deed =
      std::string("the ") + what + " of " + app.name.str() + " to " + to.str() + " by " + actor.by;
  const auto [lower, higher] = std::minmax(app.name.str(), to.str());
  Turns::Turn first = TRY(turns_.take({.key = lower, .what = deed, .wait = actor.wait}, progress));
  Turns::Turn second =
      TRY(turns_.take({.key = higher, .what = deed, .wait = actor.wait}, progress));
  return BothTurns{std::move(first), std::move(second)};
}

Result<> Deploys::check_free(const AppName& name) {
  const auto found = parts_.store.read([&](ReadTx& tx) { return find_app(tx, name); });
  if (found) return fail(Errc::already_exists, "Name is already taken");
  if (found.error().code() != Errc::not_found) return Fail(found.error());
  return {};
}

Result<> Deploys::rename(const App& asked, const Renaming& wish, const Actor& actor,
                         Progress& progress) {
  const BothTurns turns = TRY(take_both(asked, wish.to, actor, "rename", progress));
  const App app = TRY(again(asked));
  TRY(check_free(wish.to));
  TRY(tag_images(app, wish.to));
  const auto running =
      TRY(parts_.store.read([&](ReadTx& tx) { return running_number(tx, app.id); }));
  std::vector<proxy::Target> targets;
  if (running) targets = routes_.targets(app.name.str(), *running, kInstancesMax);
  App renamed = app;
  renamed.name = wish.to;
  Deploy deploy{renamed, actor.by, actor.why, progress, Stopwatch(parts_.clock)};
  const bool runs = running && !app.stopped && !wish.skip_deploy;
  const Result<> done =
      runs ? rename_running(wish, deploy, app, *running) : commit_rename(wish, app, nullptr);
  if (!done) {
    forget_clone(wish.to);  // the images' new names
    return done;
  }
  // Past this line the app has its new name: nothing below may fail.
  move_files(app.name.str(), wish.to.str());
  if (running && !app.stopped) retire_old_name(app, *running, targets, progress);
  finish_rename(renamed, app.name.str());
  pipeline_.prune(deploy);
  return {};
}

// The images of all releases that are kept, by their new names.
Result<> Deploys::tag_images(const App& app, const AppName& to) {
  const std::string from = image_prefix(app.name.str());
  const std::vector<runtime::ImageRef> images = TRY(parts_.images.list(from));
  for (const runtime::ImageRef& image : images) {
    runtime::ImageRef name =
        TRY(runtime::ImageRef::parse(moved(image.str(), from, image_prefix(to.str()))));
    TRY(parts_.images.tag(image, name));
  }
  return {};
}

// A release of its own, since it has processes of its own.
Result<> Deploys::rename_running(const Renaming& wish, Deploy& deploy, const App& app,
                                 std::uint64_t running) {
  Release row =
      TRY(parts_.store.read([&](ReadTx& tx) { return find_release(tx, app.id, running); }));
  const std::string from = app.name.str();
  row.image_ref = moved(row.image_ref, image_prefix(from), image_prefix(wish.to.str()));
  row.source_file = moved(row.source_file, from + "/", wish.to.str() + "/");
  ReleaseInProgress release(pipeline_, deploy, std::move(row));
  TRY(release.add(ReleaseState::starting));
  TRY(pipeline_.start(deploy, release.row()));
  parts_.crash_points.reached("deploy.rename-ready");
  if (deploy.progress.cancel().cancelled()) return fail(Errc::cancelled, "Cancelled");
  TRY(commit_rename(wish, app, &release.row()));
  release.keep();
  return {};
}

Result<> Deploys::commit_rename(const Renaming& wish, const App& app, const Release* fresh) {
  const std::string from = app.name.str();
  const std::string to = wish.to.str();
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(rename_app(tx, app.id, wish.to));
    TRY(move_releases(tx, app.id, places_of(from), places_of(to)));
    TRY(set_property(tx, app.id, kRenamedFrom, from));
    if (fresh != nullptr) {
      TRY(set_release_state(tx, app.id, fresh->number, ReleaseState::live));
      TRY(set_running_number(tx, app.id, fresh->number));
    } else if (wish.skip_deploy) {
      const auto running = TRY(running_number(tx, app.id));
      if (running) TRY(set_app_stopped(tx, app.id, true));
    }
    const App renamed = TRY(find_app(tx, wish.to));
    note_call_done();
    return wish.also(tx, renamed);
  };
  TRY(routes_.hand_over(from, to, [&] { return parts_.store.write(change); }));
  parts_.crash_points.reached("deploy.renamed-in-store");
  return {};
}

// Synchronously, with the old name's turn held: nobody else gets containers of that name yet.
void Deploys::retire_old_name(const App& app, std::uint64_t running,
                              const std::vector<proxy::Target>& targets, Progress& progress) {
  pipeline_.await_drained(app, targets);
  parts_.executor.forget(app.name.str(), running, {});
  const Result<> gone = await_gone(app.name.str(), running, kEndLimit);
  if (!gone) progress.warn(gone.error().message());
}

void Deploys::move_files(const std::string& from, const std::string& to) {
  const Instance& place = parts_.instance;
  move_folder(place.sources_dir() / from, place.sources_dir() / to);
  move_folder(app_cache(place, from), app_cache(place, to));
  move_folder(place.git_dir() / (from + ".git"), place.git_dir() / (to + ".git"));
  move_access_logs(place, from, to);
  std::error_code failed;
  // What people have put there themselves goes along.
  if (!fs::exists(place.home_dir / to, failed)) {
    fs::rename(place.home_dir / from, place.home_dir / to, failed);
  }
  parts_.crash_points.reached("deploy.renamed-files");
}

void Deploys::finish_rename(const App& app, const std::string& from) {
  const fs::path logs = parts_.instance.logs_dir();
  merge_logs(logs / from, logs / app.name.str());
  const auto images = parts_.images.list(image_prefix(from));
  if (images) {
    for (const runtime::ImageRef& image : *images) {
      const auto removed = parts_.images.remove(image, false);
      if (!removed) log::warn("removing " + image.str() + ": " + removed.error().message());
    }
  }
  const Result<> told = parts_.store.write(
      [&](WriteTx& tx) { return set_property(tx, app.id, kRenamedFrom, std::nullopt); });
  if (!told) log::error("ending the rename of " + from + ": " + told.error().message());
}

// At the daemon's start: what an earlier one renamed in the store, and had no time to move.
void Deploys::finish_renames() {
  const auto apps = parts_.store.read([](ReadTx& tx) { return list_apps(tx); });
  if (!apps) return;
  for (const App& app : *apps) {
    const auto from =
        parts_.store.read([&](ReadTx& tx) { return property(tx, app.id, kRenamedFrom); });
    if (!from || !*from) continue;
    move_files(**from, app.name.str());
    finish_rename(app, **from);
  }
}

// --- a twin

Result<App> Deploys::clone(const App& asked, const Cloning& wish, const Actor& actor,
                           Progress& progress) {
  const BothTurns turns = TRY(take_both(asked, wish.to, actor, "clone", progress));
  const App app = TRY(again(asked));
  TRY(check_free(wish.to));
  std::optional<Release> live =
      TRY(parts_.store.read([&](ReadTx& tx) { return live_release(tx, app.id); }));
  if (live && live->image_ref.empty()) live.reset();
  if (live) {
    const runtime::ImageRef from = TRY(runtime::ImageRef::parse(live->image_ref));
    const runtime::ImageRef to = TRY(runtime::ImageRef::parse(image_name(wish.to.str(), 1)));
    TRY(parts_.images.tag(from, to));
    TRY(copy_source(*live, app.name, wish.to));
    live->image_ref = to.str();
    live->source_file = moved(live->source_file, app.name.str() + "/", wish.to.str() + "/");
    live->state = ReleaseState::starting;
    live->by = actor.by;
    live->why = actor.why;
    live->created_at = parts_.clock.wall();
  }
  Result<App> made = parts_.store.write([&](WriteTx& tx) -> Result<App> {
    const App twin = TRY(wish.create(tx, app));
    if (live) {
      live->config = TRY(current_config_version(tx, twin.id));
      live->port = TRY(mapped_port(parts_, tx, twin));
      const std::uint64_t number = TRY(add_release(tx, twin.id, *live));
      TRY(set_release_state(tx, twin.id, number, ReleaseState::live));
      TRY(set_app_stopped(tx, twin.id, true));  // until it is started
    }
    return find_app(tx, twin.name);
  });
  if (!made) forget_clone(wish.to);
  parts_.crash_points.reached("deploy.cloned");
  return made;
}

// As a second name of the same file: it never changes.
Result<> Deploys::copy_source(const Release& release, const AppName& from, const AppName& to) {
  if (release.source_file.empty()) return {};
  const fs::path old = parts_.instance.sources_dir() / release.source_file;
  const fs::path fresh =
      parts_.instance.sources_dir() / moved(release.source_file, from.str() + "/", to.str() + "/");
  std::error_code failed;
  if (!fs::exists(old, failed)) return {};
  fs::create_directories(fresh.parent_path(), failed);
  if (::link(old.c_str(), fresh.c_str()) != 0 && errno != EEXIST) {
    return fail_syscall("link " + fresh.string(), errno);
  }
  return {};
}

// What was laid out for an app that did not come to be.
void Deploys::forget_clone(const AppName& name) {
  if (!check_free(name)) return;
  const auto images = parts_.images.list(image_prefix(name.str()));
  if (images) {
    for (const runtime::ImageRef& image : *images) {
      const auto removed = parts_.images.remove(image, false);
      if (!removed) log::warn("removing " + image.str() + ": " + removed.error().message());
    }
  }
  std::error_code failed;
  fs::remove_all(parts_.instance.sources_dir() / name.str(), failed);
  fs::remove_all(parts_.instance.logs_dir() / name.str(), failed);
}

}  // namespace dokku::server
