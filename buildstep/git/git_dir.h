// A .git directory for the build of one commit: its whole history, on its branch, and no more.
//
// For `git:set APP keep-git-dir true`: packs then may ask `git rev-parse HEAD`, `git describe
// --always`, `git log`. Written by libgit2 out of the object directories that the push is read
// from; there are no remotes, hooks, tags or settings in it. The same commit, the same bytes.
// Only for the files of this folder.
#pragma once

#include <git2.h>

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

// `ref`: "refs/heads/main"; of another kind: HEAD is the commit itself. `directory` exists and is
// empty.
Result<> make_git_dir(git_repository* objects, const git_oid& commit, const std::string& ref,
                      const std::filesystem::path& directory);

}  // namespace dokku::buildstep
