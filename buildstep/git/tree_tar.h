// A commit's tree as a tar, read with libgit2 out of git's object directories.
//
// Called by dokku-receive inside a pre-receive hook, where the pushed objects lie in git's
// quarantine: a directory of its own with the repository's as alternate. Only object directories
// are opened, never the repository: no configuration, hook or attribute of it is read.
// Same tree, same bytes: entries in git's order, one fixed time, owner 0. With a .git directory the
// commit decides, too.
// Threads: any. Errors: not_found (no such commit), limit_exceeded, invalid_argument, internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::buildstep {

struct ObjectDirs {
  std::filesystem::path main;
  std::vector<std::filesystem::path> alternates;
};

// From GIT_QUARANTINE_PATH, GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES and GIT_DIR as
// git sets them for hooks (relative names count from the working directory). `variable` is getenv.
Result<ObjectDirs> object_dirs_from_environment(
    const std::function<const char*(const char*)>& variable);

// Of a bare repository at rest.
ObjectDirs object_dirs_of(const std::filesystem::path& bare_repository);

struct TreeLimits {
  std::uint64_t files_max = 200'000;
  std::uint64_t bytes_max = 2ULL << 30;
};

struct TreeSummary {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t submodules = 0;
};

// Submodules are empty directories in the tar. Which commit each of them wants is in a last file of
// this name, a line "<commit> <path>" each: the build fetches them (buildpack/submodules.h).
inline constexpr const char* kSubmodulesFile = ".dokku-submodules";

struct TreeWanted {
  std::string commit;  // full hex id of a commit, or of a tag that leads to one
  std::string
      git_dir_on;  // "refs/heads/main": with a .git directory on that branch; empty: without
  TreeLimits limits = {};
};

// Writes to `fd` and leaves it open.
Result<TreeSummary> write_tree_as_tar(const ObjectDirs& objects, const TreeWanted& wanted, int fd);

}  // namespace dokku::buildstep
