// A backup on its way in: every member into a TransferDir, where nothing of the server is, until
// its end record was right. For Backups.
//
// Whatever is wrong with the file is found here, with nothing changed. What the rows say is checked
// by `check_staged` before it is believed: values that become paths, names of images or processes.
// Threads: one. Errors: invalid_argument, conflict and limit_exceeded, each a sentence.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "server/backup/manifest.h"
#include "server/backup/members.h"
#include "server/platform/transfer_dir.h"
#include "server/store/store.h"

namespace dokku::server {

struct StagedBackup {
  BackupManifest manifest;
  std::filesystem::path database;
  std::set<std::string> sources;       // "blog/3a7b….tar.zst", below sources/
  std::set<std::string> layers;        // digests, files in layers/
  std::set<std::string> volumes;       // folders in TransferDir::volumes()
  std::set<std::string> repositories;  // apps, bundles in repositories/
  std::set<std::string> env_files;     // apps
  std::string build_env;
  std::uint64_t attributes_lost = 0;  // entries of volumes whose attributes cannot be kept here
};

struct StagingWish {
  bool volumes = true;
  // Called with the manifest, before anything is staged: an error is the end.
  std::function<Result<>(const BackupManifest&)> check;
};

Result<StagedBackup> stage_backup(MemberReader& from, const TransferDir& dir,
                                  const StagingWish& wish);
Result<> check_staged(Store& staged, const StagedBackup& backup);

// "3a7b….tar.zst" of an app's folder.
bool is_source_file(const std::string& file, const std::string& app);

}  // namespace dokku::server
