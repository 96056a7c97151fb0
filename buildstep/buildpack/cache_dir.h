// The app's cache over builds: what a failed compile did to it is thrown away (docs/buildpacks.md).
//
// A build works on an overlay over the kept cache; success merges it in by renames. Where overlay
// mounts do not work (a root on overlayfs) it works on a copy.
//
//   <root>/current   what the last good build left       <root>/upper, work, merged   while
//   building <root>/merging   a merge was cut short: current is half of two caches, so it is
//   dropped
#pragma once

#include <filesystem>

#include "base/result.h"

namespace dokku::buildstep {

class CacheDir {
 public:
  // Makes the place that a build may write to. One build per app at a time.
  static Result<CacheDir> open(const std::filesystem::path& root);
  CacheDir(CacheDir&& other) noexcept;
  CacheDir& operator=(CacheDir&&) = delete;
  ~CacheDir();

  const std::filesystem::path& path() const { return path_; }
  // The build was good. Nothing may use `path` any more.
  Result<> keep();
  // Unmounts and removes what a killed build left in `root`.
  static void clean(const std::filesystem::path& root);

 private:
  enum class Kind { fresh, overlay, copy, closed };
  CacheDir(std::filesystem::path root, std::filesystem::path path, Kind kind)
      : root_(std::move(root)), path_(std::move(path)), kind_(kind) {}
  std::filesystem::path root_;
  std::filesystem::path path_;
  Kind kind_;
};

}  // namespace dokku::buildstep
