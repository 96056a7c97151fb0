// TransferDir: where a backup or a restore keeps what nobody else must see yet: a folder of the
// state directory and names of images. All of it goes with the object.
//
// What a killed daemon left is removed by `remove_transfers` at the next start. Threads: one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"
#include "server/model/instance.h"

namespace dokku::server {

// Where a transfer has what it staged.
struct StagedPlaces {
  std::filesystem::path folder;
  std::filesystem::path volumes;
};

class TransferDir {
 public:
  static Result<TransferDir> create(const Instance& instance, runtime::Images& images);
  TransferDir(TransferDir&& other) noexcept;
  TransferDir& operator=(TransferDir&&) = delete;
  ~TransferDir();

  // Root's, entered by all: folders in it are 0700 unless another user must read them.
  const std::filesystem::path& path() const { return path_; }
  // The last part of its path, which no other transfer has had.
  std::string name() const { return path_.filename().string(); }
  StagedPlaces places() const { return {path_, volumes_}; }
  // A folder below, made when it is missing (0700).
  Result<std::filesystem::path> folder(const std::string& name) const;
  // A folder beside those of apps' storage, which may be a file system of its own.
  Result<std::filesystem::path> volumes() const;
  // A further name, under which an image stays whatever becomes of its app.
  Result<runtime::ImageRef> image_name(const std::string& ref) const;

 private:
  TransferDir(std::filesystem::path path, std::filesystem::path volumes, runtime::Images& images)
      : path_(std::move(path)), volumes_(std::move(volumes)), images_(&images) {}
  std::string prefix() const;
  std::filesystem::path path_;     // empty: moved from
  std::filesystem::path volumes_;  // made when it is asked for
  runtime::Images* images_;
};

// What killed daemons left, and its end.
std::vector<StagedPlaces> transfers_left(const Instance& instance);
void remove_transfers(const Instance& instance, runtime::Images& images);

}  // namespace dokku::server
