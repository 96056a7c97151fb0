// A SQLite VFS that knows what would survive a power cut: of each file what its last sync found.
//
// Passes everything to the system's own VFS, and keeps a copy of a file whenever it is synced
// (`durable`). What was written after that, or to a file that never was, is lost by `power_cut`.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>

namespace dokku::server {

class DroppingVfs {
 public:
  static constexpr const char* kName = "dropping";

  static DroppingVfs& instance() {
    static DroppingVfs vfs;
    return vfs;
  }

  // Writes what is durable now into `folder`, by the files' own names.
  void power_cut(const std::filesystem::path& folder) {
    const std::lock_guard hold(mutex_);
    std::filesystem::create_directories(folder);
    for (const auto& [path, content] : durable_) {
      std::ofstream(folder / std::filesystem::path(path).filename(), std::ios::binary) << content;
    }
  }

  void forget() {
    const std::lock_guard hold(mutex_);
    durable_.clear();
  }

 private:
  DroppingVfs() {
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.zName = kName;
    vfs_.pAppData = real_->pAppData;
    vfs_.xOpen = &DroppingVfs::open;
    vfs_.xDelete = &DroppingVfs::remove;
    sqlite3_vfs_register(&vfs_, 0);
  }

  // Opens with the real VFS, then replaces the file's table of methods by a copy with our sync.
  static int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
    DroppingVfs& self = instance();
    const int code = self.real_->xOpen(self.real_, name, file, flags, out);
    if (code != SQLITE_OK || name == nullptr || file->pMethods == nullptr) return code;
    const std::lock_guard hold(self.mutex_);
    auto [methods, fresh] = self.methods_.try_emplace(file->pMethods, *file->pMethods);
    methods->second.xSync = &DroppingVfs::sync;
    self.real_methods_[&methods->second] = file->pMethods;
    file->pMethods = &methods->second;
    self.names_[file] = name;
    return code;
  }

  // A deletion lasts when the folder is synced with it.
  static int remove(sqlite3_vfs*, const char* name, int sync_folder) {
    DroppingVfs& self = instance();
    const std::lock_guard hold(self.mutex_);
    if (sync_folder != 0) self.durable_.erase(name);
    return self.real_->xDelete(self.real_, name, sync_folder);
  }

  static int sync(sqlite3_file* file, int flags) {
    DroppingVfs& self = instance();
    const std::lock_guard hold(self.mutex_);
    const sqlite3_io_methods* real = self.real_methods_[file->pMethods];
    sqlite3_int64 size = 0;
    real->xFileSize(file, &size);
    std::string content(static_cast<std::size_t>(size), '\0');
    if (size > 0) real->xRead(file, content.data(), static_cast<int>(size), 0);
    self.durable_[self.names_[file]] = std::move(content);
    return real->xSync(file, flags);
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  std::mutex mutex_;
  std::map<const sqlite3_io_methods*, sqlite3_io_methods> methods_;
  std::map<const sqlite3_io_methods*, const sqlite3_io_methods*> real_methods_;
  std::map<sqlite3_file*, std::string> names_;
  std::map<std::string, std::string> durable_;
};

}  // namespace dokku::server
