#include "server/platform/backups.h"

#include <sys/statvfs.h>

#include "base/log.h"
#include "server/backup/byte_stream.h"
#include "server/platform/beneath.h"
#include "server/platform/repository.h"

namespace dokku::server {
namespace {

constexpr std::uint64_t kRoomLeft = 256ULL << 20;  // after all is there

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes >> 20) + 1) + " MB"; }

}  // namespace

void Backups::clean_left_overs() {
  if (deploys_ != nullptr) remove_transfers(instance_, deploys_->images());
}

Result<BackupDone> Backups::write(int to, const BackupScope& scope, const SealFor& whom,
                                  Progress& progress) {
  if (deploys_ == nullptr) return fail(Errc::internal, "there is no deploy engine");
  // What was edited by hand and not taken up yet. A file with a mistake stays what it is.
  const Result<> global = mirror_.take_up_global();
  if (!global) progress.warn(global.error().message());
  const auto apps = TRY(store_.read([](ReadTx& tx) { return list_apps(tx); }));
  for (const App& app : apps) {
    if (scope.app && app.name != *scope.app) continue;
    const auto taken = mirror_.take_up(app);
    if (!taken) progress.warn(taken.error().message());
  }
  const auto writer =
      TRY(BackupWriter::gather(instance_, store_, deploys_->images(), scope, clock_.wall()));
  FdSink sink(to, progress.cancel());
  const auto sealer = TRY(Sealer::begin(sink, whom));
  MemberWriter members(*sealer);
  TRY(writer->write(members, progress));
  TRY(sealer->finish());
  return BackupDone{writer->manifest(), sink.written(), writer->notes()};
}

Result<> Backups::bring_up(const std::vector<App>& apps, const StagedBackup& backup,
                           const TransferDir& dir, const Actor& actor, RestoreDone& done,
                           Progress& progress) {
  for (const App& app : apps) {
    const bool one = backup.manifest.kind == BackupManifest::Kind::app;
    const std::string was = one ? backup.manifest.apps[0].name : app.name.str();
    if (backup.env_files.contains(was)) {
      const Result<> made = replace_beneath({instance_.home_dir, app.name.str(), "ENV", 0600}, "");
      if (!made) done.notes.push_back(made.error().message());
    }
    mirror_.write(app);
    if (!backup.repositories.contains(was)) continue;
    const Result<> filled = fill_repository(instance_, app.name, dir.path() / "repositories" / was);
    if (!filled) done.notes.push_back(filled.error().message());
  }
  progress.step("Starting " + std::to_string(apps.size()) + (apps.size() == 1 ? " app" : " apps"));
  done.not_started = TRY(deploys_->start_as_stored(apps, actor, progress));
  return {};
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
