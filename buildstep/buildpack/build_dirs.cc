#include "buildstep/buildpack/build_dirs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

Result<> make(const fs::path& path, unsigned mode, uid_t owner) {
  if (::mkdir(path.c_str(), mode) < 0 || ::chmod(path.c_str(), mode) < 0 ||
      ::chown(path.c_str(), owner, owner) < 0) {
    return fail_syscall("mkdir " + path.string(), errno);
  }
  return {};
}

}  // namespace

Result<BuildDirs> BuildDirs::create(const fs::path& builds, const fs::path& run,
                                    const std::string& id, Trash& trash) {
  std::error_code ignored;
  fs::create_directories(builds, ignored);
  fs::create_directories(run, ignored);
  if (fs::exists(builds / id, ignored)) trash.take(builds / id);
  fs::remove_all(run / id, ignored);
  BuildDirs dirs(builds / id, run / id, trash);
  TRY(make(dirs.home_, 0711, 0));
  TRY(make(dirs.tree(), 0700, kBuildUid));
  TRY(make(dirs.packs(), 0755, kBuildUid));
  TRY(make(dirs.layers(), 0700, 0));
  TRY(make(dirs.secrets_, 0711, 0));
  TRY(make(dirs.env(), 0700, kBuildUid));
  return dirs;
}

BuildDirs::~BuildDirs() {
  std::error_code ignored;
  if (!home_.empty()) trash_->take(home_);
  if (!secrets_.empty()) fs::remove_all(secrets_, ignored);
}

}  // namespace dokku::buildstep
