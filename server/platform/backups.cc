#include "server/platform/backups.h"

#include <sys/statvfs.h>

#include "base/log.h"
#include "server/backup/byte_stream.h"
#include "server/platform/arrival.h"

namespace dokku::server {
namespace {

constexpr std::uint64_t kRoomLeft = 256ULL << 20;  // after all is there

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes >> 20) + 1) + " MB"; }

}  // namespace

void Backups::settle_left_overs() {
  if (parts_.deploys == nullptr) return;
  for (const StagedPlaces& left : transfers_left(parts_.instance)) settle(left);
  remove_transfers(parts_.instance, parts_.deploys->images());
}

void Backups::settle(const StagedPlaces& left) {
  const Result<TransferPlan> plan = read_plan(left.folder);
  if (!plan) {
    if (plan.error().code() != Errc::not_found) log::warn(plan.error().message());
    return;
  }
  std::vector<App> apps;
  const Result<bool> taken = parts_.store.read([&](ReadTx& tx) -> Result<bool> {
    apps = TRY(list_apps(tx));
    return was_taken(tx, left.folder.filename().string());
  });
  if (!taken) return log::warn("settling a restore: " + taken.error().message());
  if (!*taken) {
    log::info("a restore that was cut short is undone");
    return take_back(parts_.instance, parts_.deploys->images(), left, *plan);
  }
  log::info("a restore that was cut short is ended");
  for (const std::string& note : finish_arrival(parts_, left.folder, *plan, apps)) {
    log::warn(note);
  }
}

Result<BackupDone> Backups::write(int to, const BackupScope& scope, const SealFor& whom,
                                  Progress& progress) {
  if (parts_.deploys == nullptr) return fail(Errc::internal, "there is no deploy engine");
  // What was edited by hand and not taken up yet. A file with a mistake stays what it is.
  const Result<> global = parts_.mirror.take_up_global();
  if (!global) progress.warn(global.error().message());
  const auto apps = TRY(parts_.store.read([](ReadTx& tx) { return list_apps(tx); }));
  for (const App& app : apps) {
    if (scope.app && app.name != *scope.app) continue;
    const auto taken = parts_.mirror.take_up(app);
    if (!taken) progress.warn(taken.error().message());
  }
  const auto writer = TRY(BackupWriter::gather(
      parts_.instance, parts_.store, parts_.deploys->images(), scope, parts_.clock.wall()));
  FdSink sink(to, progress.cancel());
  const auto sealer = TRY(Sealer::begin(sink, whom));
  MemberWriter members(*sealer);
  TRY(writer->write(members, progress));
  TRY(sealer->finish());
  return BackupDone{writer->manifest(), sink.written(), writer->notes()};
}

Result<> check_room(const Instance& instance, const BackupManifest& manifest) {
  struct statvfs seen {};
  if (::statvfs(instance.state_dir.c_str(), &seen) != 0) return {};
  const std::uint64_t room = std::uint64_t{seen.f_bavail} * seen.f_frsize;
  if (manifest.bytes < room && room - manifest.bytes >= kRoomLeft) return {};
  return fail(Errc::limit_exceeded, "The backup needs " + megabytes(manifest.bytes) + ", and " +
                                        megabytes(room) + " are free in " +
                                        instance.state_dir.string());
}

Result<StagedBackup> stage_from(int from, const OpenKeys& keys, const TransferDir& dir,
                                const StagingWish& wish, Progress& progress) {
  FdSource source(from, progress.cancel());
  const auto opener = TRY(Opener::begin(source));
  const OpenWith with = TRY(keys(opener->envelope()));
  TRY(opener->unlock(with));
  MemberReader members(*opener);
  progress.step("Reading the backup; nothing is changed before its end was seen");
  return stage_backup(members, dir, wish);
}

}  // namespace dokku::server
