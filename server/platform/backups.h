// Backups: the whole server or one app into a file and back (`server:backup`, `apps:export`).
//
// The file's form is server/backup's. Writing needs no pause: a copy of the store, held images and
// sources, volumes as they are read. Reading stages all, believes nothing before the end record was
// right, then goes over in one transaction of the store; before it a failure changes nothing, after
// it apps start from the images that they had, with no build.
// Threads: any; blocks for as long as the bytes take. Errors are sentences.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/backup/envelope.h"
#include "server/backup/manifest.h"
#include "server/deploy/deploys.h"
#include "server/model/domain.h"
#include "server/model/instance.h"
#include "server/model/progress.h"
#include "server/platform/backup_staging.h"
#include "server/platform/backup_writer.h"
#include "server/platform/keys.h"
#include "server/platform/lifecycle.h"
#include "server/platform/mirror.h"

namespace dokku::server {

struct BackupDone {
  BackupManifest manifest;
  std::uint64_t bytes = 0;
  std::vector<std::string> notes;  // what people should know
};

// How a sealed file is opened; asked for once, when it is known what it needs.
using OpenKeys = std::function<Result<OpenWith>(const Envelope&)>;

struct RestoreWish {
  OpenKeys keys;
  bool force = false;            // apps that are there go
  std::optional<Domain> domain;  // instead of the first global one, for apps' names below it too
  Actor actor;
};

struct ImportWish {
  OpenKeys keys;
  std::optional<AppName> name;  // none: the one it had
  bool volumes = true;
  // permission_denied: an app may not be called so.
  std::function<Result<>(const AppName&)> check_name;
  Actor actor;
};

struct RestoreDone {
  std::vector<App> apps;
  std::vector<std::string> not_started;
  std::vector<std::string> notes;
};

// Borrowed. `deploys` may be null where nothing is backed up.
struct BackupParts {
  const Instance& instance;
  Store& store;
  const Clock& clock;
  Lifecycle& lifecycle;
  Mirror& mirror;
  Keys& keys;
  Deploys* deploys;
};

class Backups {
 public:
  explicit Backups(const BackupParts& parts) : parts_(parts) {}

  // Into the descriptor. cancelled: nobody waits for it any more.
  Result<BackupDone> write(int to, const BackupScope& scope, const SealFor& whom,
                           Progress& progress);
  // conflict: apps are there, which it names.
  Result<RestoreDone> restore(int from, const RestoreWish& wish, Progress& progress);
  // already_exists: the name is taken.
  Result<RestoreDone> import(int from, const ImportWish& wish, Progress& progress);
  // What a killed daemon began is ended or undone, before apps are looked at.
  void settle_left_overs();

 private:
  void settle(const StagedPlaces& left);

  const BackupParts parts_;
};

// Reads and checks the whole file into `dir`. For arrival.cc.
Result<StagedBackup> stage_from(int from, const OpenKeys& keys, const TransferDir& dir,
                                const StagingWish& wish, Progress& progress);
// limit_exceeded: the disk has no room for it.
Result<> check_room(const Instance& instance, const BackupManifest& manifest);

}  // namespace dokku::server
