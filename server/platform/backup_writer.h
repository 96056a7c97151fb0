// What a backup is made of, gathered first, then written as it is: for Backups.
//
// `gather` takes a copy of the store (SQLite's online backup) and holds what its releases need:
// images under further names, sources as further links. What changes afterwards does not matter to
// it, but for volumes, which are in use. Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/backup/manifest.h"
#include "server/backup/members.h"
#include "server/model/app_name.h"
#include "server/model/progress.h"
#include "server/platform/transfer_dir.h"
#include "server/store/apps.h"

namespace dokku::server {

struct BackupScope {
  std::optional<AppName> app;  // none: all that the server has
  bool volumes = true;
};

class BackupWriter {
 public:
  // not_found: no such app. conflict: the image of a release that runs is not there.
  static Result<std::unique_ptr<BackupWriter>> gather(const Instance& instance, Store& store,
                                                      runtime::Images& images,
                                                      const BackupScope& scope, WallTime now);
  ~BackupWriter();

  const BackupManifest& manifest() const { return manifest_; }
  // What people should know: what is not in it.
  const std::vector<std::string>& notes() const { return notes_; }
  Result<> write(MemberWriter& to, Progress& progress);

 private:
  BackupWriter(const Instance& instance, runtime::Images& images, BackupScope scope,
               TransferDir dir)
      : instance_(instance), images_(images), scope_(std::move(scope)), dir_(std::move(dir)) {}
  Result<> copy_store(Store& store);
  Result<> hold(Store& store);
  Result<bool> settle_releases(bool last_try);
  Result<> describe(WallTime now);
  Result<> describe_app(const ReadTx& tx, const App& app);
  Result<> describe_images();
  Result<> note_global_config(const ReadTx& tx);
  Result<> write_rows(MemberWriter& to);
  Result<> write_table(MemberWriter& to, const ReadTx& tx, const std::string& table);
  Result<> write_settings(MemberWriter& to);
  Result<> write_sources(MemberWriter& to);
  Result<> write_layers(MemberWriter& to);
  Result<> write_repositories(MemberWriter& to);
  Result<> write_volumes(MemberWriter& to);

  const Instance& instance_;
  runtime::Images& images_;
  const BackupScope scope_;
  TransferDir dir_;
  std::unique_ptr<Store> copy_;
  std::optional<AppId> app_;  // of the scope, in the copy
  BackupManifest manifest_;
  std::vector<std::string> sources_;  // "blog/3a7b….tar.zst"
  std::vector<std::string> volumes_;
  std::vector<std::string> notes_;
};

}  // namespace dokku::server
