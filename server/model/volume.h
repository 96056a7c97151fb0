// Volume: a directory of the host that an app's processes see, as `storage:mount` was told.
//
// "HOST:CONTAINER[:ro|:rw]". HOST is an absolute path or the name of a folder of the instance's
// storage directory. Kept as typed: storage:list and storage:unmount are about these words.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/named.h"
#include "base/result.h"

namespace dokku::server {

// [A-Za-z0-9_-]+, at most 255 bytes: one folder of the storage directory.
class StorageName : public Named<StorageName> {
 public:
  // "Directory can only contain the following set of characters: [A-Za-z0-9_-]"
  static Result<StorageName> parse(std::string_view text);

 private:
  using Named::Named;
};

struct Volume {
  std::string host;       // as typed: a path, or a storage name
  std::string container;  // absolute, clean, nothing that the container itself needs
  bool read_only = false;
  std::string options;  // as typed: "", "ro", "rw"

  // invalid_argument: "Storage path must be two valid paths divided by colon."
  static Result<Volume> parse(std::string_view text);
  std::string str() const;
  bool is_name() const { return !host.starts_with('/'); }
  // Whether two lines mean the same place in the container.
  friend bool operator==(const Volume&, const Volume&) = default;
};

// The folder of `storage_dir` that the volume is, when it is one itself and not below or beside it.
// Those, nobody but root can replace by a link. Empty: it is elsewhere on the host.
std::string storage_folder(const Volume& volume, const std::filesystem::path& storage_dir);
// Where it lies on the host.
std::filesystem::path host_path(const Volume& volume, const std::filesystem::path& storage_dir);

// One volume per line, as kept in the store. Lines that do not parse are left out.
std::vector<Volume> parse_volumes(std::string_view lines);
std::string write_volumes(const std::vector<Volume>& volumes);

}  // namespace dokku::server
