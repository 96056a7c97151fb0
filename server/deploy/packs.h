// Which packs an app's next build uses, as commands have set them (buildpacks:*, builder:set).
#pragma once

#include <string>
#include <vector>

#include "server/store/apps.h"

namespace dokku::server {

// "buildpacks.list": what people named, in order, with blanks between.
inline constexpr const char* kBuildpacks = "buildpacks.list";
inline constexpr const char* kBuildDir = "builder.build-dir";        // empty: the whole tree
inline constexpr const char* kKeepGitDir = "git.keep-git-dir";       // "true", "false"
inline constexpr const char* kBuilderSelected = "builder.selected";  // "herokuish", "null"

// In order; none: the tree decides. BUILDPACK_URL in the config wins over it (buildstep).
Result<std::vector<std::string>> chosen_packs(const ReadTx& tx, AppId app);

}  // namespace dokku::server
