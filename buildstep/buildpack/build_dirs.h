// The directories of one running build, gone when it ends.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "buildstep/buildpack/trash.h"

namespace dokku::buildstep {

class BuildDirs {
 public:
  // <builds>/<id>/{tree,packs,layers} and <run>/<id>/env.
  static Result<BuildDirs> create(const std::filesystem::path& builds,
                                  const std::filesystem::path& run, const std::string& id,
                                  Trash& trash);
  BuildDirs(BuildDirs&& other) noexcept = default;
  BuildDirs& operator=(BuildDirs&&) = delete;
  ~BuildDirs();

  std::filesystem::path tree() const { return home_ / "tree"; }      // build user's, 0700
  std::filesystem::path whole() const { return home_ / "whole"; }    // with a build-dir; not made
  std::filesystem::path packs() const { return home_ / "packs"; }    // build user's
  std::filesystem::path layers() const { return home_ / "layers"; }  // ours alone
  std::filesystem::path env() const { return secrets_ / "env"; }     // build user's, 0700

 private:
  BuildDirs(std::filesystem::path home, std::filesystem::path secrets, Trash& trash)
      : home_(std::move(home)), secrets_(std::move(secrets)), trash_(&trash) {}
  std::filesystem::path home_;
  std::filesystem::path secrets_;
  Trash* trash_;
};

}  // namespace dokku::buildstep
