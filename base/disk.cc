#include "base/disk.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <set>
#include <system_error>

namespace dokku {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlock = 512;  // what st_blocks counts, on every file system

// Adds up a tree; hard links are counted where they are met first.
class Sum {
 public:
  explicit Sum(dev_t device) : device_(device) {}

  // Whether to go on below `path`.
  bool add(const fs::path& path) {
    struct stat seen {};
    if (::lstat(path.c_str(), &seen) < 0 || seen.st_dev != device_) return false;
    const bool folder = S_ISDIR(seen.st_mode);
    if (folder || seen.st_nlink < 2 || linked_.insert(seen.st_ino).second) {
      bytes_ += static_cast<std::uint64_t>(seen.st_blocks) * kBlock;
    }
    return folder;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  dev_t device_;
  std::set<ino_t> linked_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<DiskSpace> disk_space(const fs::path& path) {
  struct statvfs disk {};
  struct stat seen {};
  fs::path where = path;
  while (::stat(where.c_str(), &seen) < 0 && errno == ENOENT && where.has_relative_path()) {
    where = where.parent_path();
  }
  if (::statvfs(where.c_str(), &disk) < 0 || ::stat(where.c_str(), &seen) < 0) {
    return fail_syscall("statvfs " + where.string(), errno);
  }
  DiskSpace space;
  space.free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  space.all_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  space.file_system = static_cast<std::uint64_t>(seen.st_dev);
  return space;
}

std::uint64_t disk_bytes(const fs::path& tree) {
  struct stat root {};
  if (::lstat(tree.c_str(), &root) < 0) return 0;
  Sum sum(root.st_dev);
  if (!sum.add(tree)) return sum.bytes();
  std::error_code gone;
  fs::recursive_directory_iterator entry(tree, fs::directory_options::skip_permission_denied, gone);
  while (!gone && entry != fs::recursive_directory_iterator()) {
    if (!sum.add(entry->path())) entry.disable_recursion_pending();
    entry.increment(gone);
  }
  return sum.bytes();
}

std::string byte_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  double value = static_cast<double>(bytes);
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                kUnits[unit]);
  return text.data();
}

}  // namespace dokku
