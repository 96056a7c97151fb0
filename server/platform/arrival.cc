#include "server/platform/arrival.h"

#include <algorithm>

#include "base/atomic_file.h"
#include "base/io.h"
#include "server/deploy/pipeline.h"
#include "server/platform/beneath.h"
#include "server/platform/repository.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBuildEnvFile = "build.env";

void bring_build_env(const Instance& instance, const fs::path& folder,
                     std::vector<std::string>& notes) {
  const fs::path& file = instance.build_env_file;
  const Result<std::string> brought = read_file(folder / kBuildEnvFile);
  if (!brought || file.empty()) return;
  const Result<std::string> there = read_file(file);
  if (there && *there != *brought) {
    notes.push_back(file.string() + " is another one here and stays");
  }
  if (there) return;
  const Result<> written = write_file_atomically(file, *brought);
  if (!written) notes.push_back(written.error().message());
}

}  // namespace

std::vector<std::string> finish_arrival(const BackupParts& parts, const fs::path& folder,
                                        const TransferPlan& plan, const std::vector<App>& apps) {
  std::vector<std::string> notes;
  parts.mirror.write_global();
  const Result<> keys = parts.keys.write_authorized_keys();
  if (!keys) notes.push_back("authorized_keys: " + keys.error().message());
  bring_build_env(parts.instance, folder, notes);
  for (const std::string& app : plan.env_files) {
    const Result<> made = replace_beneath({parts.instance.home_dir, app, "ENV", 0600}, "");
    if (!made) notes.push_back(made.error().message());
  }
  for (const App& app : apps) parts.mirror.write(app);
  for (const auto& [from, to] : plan.repositories) {
    const Result<AppName> app = AppName::parse(to);
    const Result<> filled =
        app ? fill_repository(parts.instance, *app, folder / "repositories" / from)
            : Result<>(Fail(app.error()));
    if (!filled) notes.push_back(filled.error().message());
  }
  return notes;
}

Result<RestoreDone> Arrival::run(int from, const OpenKeys& keys, bool volumes) {
  StagingWish staging{volumes, [&](const BackupManifest& manifest) { return check(manifest); }};
  backup_ = TRY(stage_from(from, keys, dir_, staging, progress_));
  if (backup_.attributes_lost > 0) {
    done_.notes.push_back("Extended attributes of " + std::to_string(backup_.attributes_lost) +
                          " files in volumes are lost: this file system keeps none");
  }
  {
    const auto staged = TRY(Store::open({.file = backup_.database, .vfs = ""}));
    TRY(check_staged(*staged, backup_));
    TRY(settle(*staged));
  }
  progress_.step("The backup is whole; putting images together");
  const std::vector<std::string> anew =
      TRY(compose_images(parts_.deploys->images(), dir_, backup_));
  done_.notes.insert(done_.notes.end(), anew.begin(), anew.end());
  parts_.deploys->reached("restore.staged");
  TRY(bring_in());
  TRY(start());
  return std::move(done_);
}

Result<> Arrival::bring_in() {
  TRY(make_room());
  const std::vector<Turns::Turn> turns = TRY(take_turns());
  const TransferPlan planned = TRY(plan());
  if (!backup_.build_env.empty()) {
    TRY(write_file_atomically(dir_.path() / kBuildEnvFile, backup_.build_env));
  }
  TRY(write_plan(dir_.path(), planned));
  TRY(place_and_commit(planned));
  // Past this line the server is what the backup says: nothing below may fail it.
  const std::vector<std::string> notes = finish_arrival(parts_, dir_.path(), planned, done_.apps);
  done_.notes.insert(done_.notes.end(), notes.begin(), notes.end());
  parts_.deploys->reached("restore.finished");
  return {};
}

Result<std::vector<Turns::Turn>> Arrival::take_turns() {
  std::vector<std::string> sorted = names();
  std::sort(sorted.begin(), sorted.end());
  std::vector<Turns::Turn> turns;
  for (const std::string& name : sorted) {
    Turns::Turn turn = TRY(parts_.deploys->reserve(name, actor_, deed(), progress_));
    turns.push_back(std::move(turn));
  }
  return turns;
}

Result<> Arrival::place_and_commit(const TransferPlan& planned) {
  const StagedPlaces staged = dir_.places();
  runtime::Images& images = parts_.deploys->images();
  Result<> done = place(parts_.instance, images, staged, planned,
                        [&] { parts_.deploys->reached("restore.placed"); });
  if (done) {
    done = parts_.store.write([&](WriteTx& tx) -> Result<> {
      done_.apps = TRY(commit(tx));
      return mark_taken(tx, dir_.name());
    });
  }
  if (!done) take_back(parts_.instance, images, staged, planned);
  if (done) parts_.deploys->reached("restore.committed");
  return done;
}

Result<> Arrival::start() {
  const std::size_t count = done_.apps.size();
  progress_.step("Starting " + std::to_string(count) + (count == 1 ? " app" : " apps"));
  done_.not_started = TRY(parts_.deploys->start_as_stored(done_.apps, actor_, progress_));
  return {};
}

// "dokku/blog:r3" of blog to shop's "dokku/shop:r3".
Result<> Arrival::plan_images(TransferPlan& plan, const std::string& to_app) const {
  for (const BackupImage& image : backup_.manifest.images) {
    const std::string to = to_app.empty() ? image.app : to_app;
    const runtime::ImageRef hidden = TRY(dir_.image_name(image.ref));
    plan.images.push_back(
        {hidden.str(), image_prefix(to) + image.ref.substr(image_prefix(image.app).size())});
  }
  return {};
}

}  // namespace dokku::server
