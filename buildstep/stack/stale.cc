#include "buildstep/stack/stale.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>

#include "base/io.h"
#include "base/log.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "in-use";

WallTime changed_at(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return WallTime(std::chrono::seconds(info.st_mtim.tv_sec));
}

// The folder's own time stands for those that were made before there were locks.
WallTime used_at(const fs::path& home) {
  const WallTime locked = changed_at(home / kLockName);
  return std::max(locked, changed_at(home));
}

bool is_stack_of(const std::string& name, const std::string& suite) {
  const std::string begin = suite + "-";
  return name.starts_with(begin) &&
         name.find_first_not_of("0123456789abcdef", begin.size()) == std::string::npos;
}

}  // namespace

Result<UniqueFd> hold_stack(const fs::path& home) {
  UniqueFd lock = TRY(open_file(home / kLockName, O_RDWR | O_CREAT, 0644));
  if (::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return fail_syscall("flock", errno);
  if (::futimens(lock.get(), nullptr) != 0) return fail_syscall("futimens", errno);
  return lock;
}

std::vector<std::string> remove_stale_stacks(const fs::path& dir, const std::string& suite,
                                             const fs::path& keep, WallTime now) {
  std::vector<std::string> removed;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const fs::path& home = entry.path();
    const std::string name = home.filename().string();
    if (home == keep || !is_stack_of(name, suite) || !entry.is_directory(error)) continue;
    if (now - used_at(home) < kStaleAfter) continue;
    const Result<UniqueFd> lock = open_file(home / kLockName, O_RDWR | O_CREAT, 0644);
    if (!lock || ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) continue;
    fs::remove_all(home, error);
    if (error) {
      log::warn("removing the stack " + name + ": " + error.message());
    } else {
      removed.push_back(name);
    }
  }
  return removed;
}

}  // namespace dokku::buildstep
