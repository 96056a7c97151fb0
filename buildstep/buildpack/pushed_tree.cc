#include "buildstep/buildpack/pushed_tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/io.h"
#include "buildstep/buildpack/beneath.h"
#include "buildstep/buildpack/submodules.h"
#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

Result<> unpack(const PushedTree& pushed, int target) {
  const BuildRequest& request = pushed.request;
  const UniqueFd tar = TRY(open_file(request.source, O_RDONLY));
  const UnpackLimits limits{request.limits.tree_files_max, request.limits.tree_bytes_max};
  const Result<Unpacked> done =
      unpack_in_worker(pushed.worker_program, tar.get(), target, limits, &pushed.cancel);
  if (!done) return Fail(Error(done.error()).while_("Cannot unpack what was pushed"));
  return fetch_submodules(target,
                          {pushed.git, request.cache / "submodules", pushed.output, pushed.cancel});
}

Result<> make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) < 0 || ::chown(path.c_str(), kBuildUid, kBuildUid) < 0) {
    return fail_syscall("mkdir " + path.string(), errno);
  }
  return {};
}

// Nobody else writes to the whole tree any more, so its parts do not move under our hands.
Result<> take_part(const PushedTree& pushed, int whole) {
  const std::string& part = pushed.request.build_dir;
  const Result<UniqueFd> folder = open_folder_beneath(whole, part);
  if (!folder && folder.error().code() == Errc::not_found) {
    return fail(Errc::invalid_argument, "The build-dir " + part +
                                            " is no folder of the pushed tree\nSet another: dokku "
                                            "builder:set " +
                                            pushed.request.name + " build-dir DIR");
  }
  if (!folder) return Fail(folder.error());
  if (::fchmod(folder->get(), 0700) < 0) return fail_syscall("chmod " + part, errno);
  const fs::path path(part);
  const std::string parent_name = path.has_parent_path() ? path.parent_path().string() : ".";
  const UniqueFd parent = TRY(open_folder_beneath(whole, parent_name));
  if (::renameat(parent.get(), path.filename().c_str(), AT_FDCWD, pushed.dirs.tree().c_str()) < 0) {
    return fail_syscall("rename " + part, errno);
  }
  return {};
}

}  // namespace

Result<UniqueFd> lay_out_tree(const PushedTree& pushed) {
  const fs::path& tree = pushed.dirs.tree();
  if (pushed.request.build_dir.empty()) {
    UniqueFd folder = TRY(open_file(tree, O_RDONLY | O_DIRECTORY));
    TRY(unpack(pushed, folder.get()));
    std::error_code ignored;
    if (!pushed.request.keep_git_dir) {
      fs::remove_all(tree / ".git", ignored);  // of a source that was kept when it was on
    } else if (!fs::exists(tree / ".git", ignored)) {
      pushed.output.warn("No .git came with this source: push again to have one in the build");
    }
    return folder;
  }
  TRY(make_folder(pushed.dirs.whole()));
  const UniqueFd whole = TRY(open_file(pushed.dirs.whole(), O_RDONLY | O_DIRECTORY));
  TRY(unpack(pushed, whole.get()));
  TRY(take_part(pushed, whole.get()));
  return open_file(tree, O_RDONLY | O_DIRECTORY);
}

}  // namespace dokku::buildstep
