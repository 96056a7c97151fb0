#include "server/deploy/room.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/log.h"
#include "server/deploy/fetched_packs.h"
#include "server/deploy/git_history.h"
#include "server/deploy/nobody.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

// After a deploy: what drains and stops then has its containers gone, too.
constexpr std::chrono::seconds kCollectAfter{2};
constexpr std::size_t kAppsNamed = 3;
constexpr std::uint64_t kHistoryMin = 16ULL << 20;  // a smaller repository is not worth it

// When its last good build ended; a cache that never was finished is the oldest.
fs::file_time_type last_used(const fs::path& cache) {
  std::error_code missing;
  const fs::file_time_type time = fs::last_write_time(cache / "layers", missing);
  return missing ? fs::file_time_type::min() : time;
}

std::uint64_t remove_measured(const fs::path& tree) {
  const std::uint64_t bytes = disk_bytes(tree);
  std::error_code failed;
  fs::remove_all(tree, failed);
  if (failed) log::warn("removing " + tree.string() + ": " + failed.message());
  return bytes;
}

std::string full_disk(const DiskPlace& place) {
  return "The disk of " + place.where + " is almost full: " + byte_words(place.space.free_bytes) +
         " are free, and a build may not begin below " + byte_words(place.floor_bytes);
}

}  // namespace

Room::Room(const DeployParts& parts, Turns& turns) : parts_(parts), turns_(turns) {
  collector_ = std::thread([this] { collect_when_asked(); });
}

Room::~Room() {
  {
    const std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  collector_.join();
}

Result<> Room::make(const std::string& app, Progress& progress) {
  std::string full = TRY(trouble());
  if (full.empty()) return {};
  const Result<> collected = parts_.images.collect();
  if (!collected) log::warn("collecting images: " + collected.error().message());
  full = TRY(trouble());
  for (const std::string& cache : caches_oldest_first(app)) {
    if (full.empty()) break;
    // The turn of `app` is the caller's, who has not begun to build.
    const fs::path place = app_cache(parts_.instance, cache);
    const std::uint64_t freed = cache == app ? remove_measured(place) : drop_cache(cache);
    if (freed == 0) continue;
    progress.step("Making room: the build cache of " + cache + " is gone (" + byte_words(freed) +
                  ")");
    full = TRY(trouble());
  }
  const auto enough = [&] {
    full = trouble().value_or(full);
    return full.empty();
  };
  const std::uint64_t packs =
      full.empty() ? 0 : drop_fetched_packs(parts_.instance, fs::file_time_type::max(), enough);
  if (packs != 0) {
    progress.step("Making room: fetched buildpacks are gone (" + byte_words(packs) + ")");
  }
  cut_histories(enough, progress);
  if (full.empty()) return {};
  return fail(Errc::limit_exceeded, full + "\n" + what_uses_it());
}

Result<std::string> Room::trouble() {
  const DiskRules rules = TRY(parts_.store.read([](ReadTx& tx) { return disk_rules(tx); }));
  const std::vector<DiskPlace> places = TRY(disk_places(parts_, rules));
  for (const DiskPlace& place : places) {
    if (place.short_of_room()) return full_disk(place);
  }
  return trouble_with_budget(rules);
}

Result<std::string> Room::trouble_with_budget(const DiskRules& rules) {
  if (rules.budget_bytes == 0) return std::string();
  const DiskUse use = TRY(disk_use(parts_, {}));
  const std::uint64_t used = use.server.budgeted();
  if (used < rules.budget_bytes) return std::string();
  return "The budget of " + byte_words(rules.budget_bytes) + " is used up: apps take " +
         byte_words(used) + " (dokku disk:set --global budget SIZE)";
}

std::vector<std::string> Room::caches_oldest_first(const std::string& last) {
  std::vector<std::pair<fs::file_time_type, std::string>> caches;
  std::error_code missing;
  const fs::path home = app_cache(parts_.instance, "");
  for (const auto& entry : fs::directory_iterator(home, missing)) {
    const std::string app = entry.path().filename().string();
    const auto used = app == last ? fs::file_time_type::max() : last_used(entry.path());
    caches.emplace_back(used, app);
  }
  std::sort(caches.begin(), caches.end());
  std::vector<std::string> names;
  for (auto& [used, app] : caches) names.push_back(std::move(app));
  return names;
}

std::uint64_t Room::cut_histories(const std::function<bool()>& enough, Progress& progress) {
  const auto rules = parts_.store.read([](ReadTx& tx) { return disk_rules(tx); });
  if (!rules || rules->keep_git_history || enough()) return 0;
  std::vector<std::pair<std::uint64_t, fs::path>> repositories;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(parts_.instance.git_dir(), missing)) {
    const std::uint64_t bytes = disk_bytes(entry.path());
    if (bytes >= kHistoryMin) repositories.emplace_back(bytes, entry.path());
  }
  std::sort(repositories.rbegin(), repositories.rend());
  std::uint64_t all = 0;
  for (const auto& [bytes, repository] : repositories) {
    const Result<std::uint64_t> cut = cut_history(repository);
    if (!cut && cut.error().code() != Errc::conflict) log::warn(cut.error().message());
    if (!cut || *cut == 0) continue;
    all += *cut;
    progress.step("Making room: the history of " + repository.filename().string() + " is cut (" +
                  byte_words(*cut) + ")");
    if (enough()) break;
  }
  return all;
}

std::uint64_t Room::drop_cache(const std::string& app) {
  auto cancel = CancelToken::create();
  if (!cancel) return 0;
  Nobody nobody(std::move(*cancel));
  const auto turn = turns_.take({.key = app, .what = "making room", .wait = false}, nobody);
  if (!turn) return 0;
  return remove_measured(app_cache(parts_.instance, app));
}

std::string Room::what_uses_it() {
  const std::string next = "See all: dokku disk:report; make room: dokku cleanup";
  const auto apps = parts_.store.read([](ReadTx& tx) { return list_apps(tx); });
  const Result<DiskUse> use = apps ? disk_use(parts_, *apps) : Result<DiskUse>(Fail(apps.error()));
  if (!use) return next;
  const ServerDiskUse& all = use->server;
  std::string text = "It holds: images " + byte_words(all.images) + ", containers " +
                     byte_words(all.containers) + ", build caches " + byte_words(all.caches) +
                     ", sources " + byte_words(all.sources) + ", git " +
                     byte_words(all.repositories) + ", logs " + byte_words(all.logs) +
                     ", volumes " + byte_words(all.volumes);
  std::string largest;
  for (std::size_t i = 0; i < use->apps.size() && i < kAppsNamed; ++i) {
    largest += (i == 0 ? "" : ", ") + use->apps[i].app + " " + byte_words(use->apps[i].own());
  }
  if (!largest.empty()) text += "\nThe largest apps: " + largest;
  return text + "\n" + next;
}

// --- the runtime's garbage

void Room::collect_soon() {
  {
    const std::lock_guard hold(mutex_);
    wanted_ = true;
  }
  changed_.notify_all();
}

void Room::collect_when_asked() {
  std::unique_lock hold(mutex_);
  while (!stopping_) {
    changed_.wait(hold, [this] { return wanted_ || stopping_; });
    changed_.wait_for(hold, kCollectAfter, [this] { return stopping_; });
    if (stopping_) return;
    wanted_ = false;
    hold.unlock();
    collect();
    hold.lock();
  }
}

void Room::collect() {
  const Result<> done = parts_.images.collect();
  if (!done) log::warn("collecting images: " + done.error().message());
  auto cancel = CancelToken::create();
  if (!cancel) return;
  Nobody nobody(std::move(*cancel));
  drop_fetched_packs(parts_.instance, fs::file_time_type::clock::now() - kFetchedPackLife,
                     [] { return false; });
  const std::uint64_t cut = cut_histories([this] { return has_room_for_two(); }, nobody);
  if (cut > 0) log::info("the history of repositories was cut: " + byte_words(cut));
}

// The floor twice: what a build takes for a while may be about as much as the floor.
bool Room::has_room_for_two() {
  const auto rules = parts_.store.read([](ReadTx& tx) { return disk_rules(tx); });
  const auto places =
      rules ? disk_places(parts_, *rules) : Result<std::vector<DiskPlace>>(Fail(rules.error()));
  if (!places) return true;
  return std::all_of(places->begin(), places->end(), [](const DiskPlace& place) {
    return place.space.free_bytes >= 2 * place.floor_bytes;
  });
}

}  // namespace dokku::server
