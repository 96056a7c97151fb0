#include "server/deploy/fetched_packs.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/io.h"
#include "base/log.h"
#include "server/deploy/disk_use.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLock = ".lock";

// The lock goes last, while it is held: who waits for it looks whether it is still there.
std::uint64_t drop(const fs::path& lock_file) {
  const Result<UniqueFd> lock = open_file(lock_file, O_RDWR);
  if (!lock || ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) return 0;
  const std::string home = lock_file.string().substr(0, lock_file.string().size() - kLock.size());
  const std::uint64_t bytes = disk_bytes(home);
  for (const std::string& path : {home, home + ".new", lock_file.string()}) {
    std::error_code failed;
    fs::remove_all(path, failed);
    if (failed) log::warn("removing " + path + ": " + failed.message());
  }
  return bytes;
}

}  // namespace

std::uint64_t drop_fetched_packs(const Instance& instance, fs::file_time_type then,
                                 const std::function<bool()>& enough) {
  std::vector<std::pair<fs::file_time_type, fs::path>> locks;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(instance.cache_dir() / "packs", missing)) {
    if (entry.path().extension() != kLock) continue;
    const auto used = fs::last_write_time(entry.path(), missing);
    if (!missing && used < then) locks.emplace_back(used, entry.path());
  }
  std::sort(locks.begin(), locks.end());
  std::uint64_t freed = 0;
  for (const auto& [used, lock] : locks) {
    if (enough()) break;
    freed += drop(lock);
  }
  return freed;
}

}  // namespace dokku::server
