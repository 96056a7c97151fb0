// What the scripts of a pack find in their environment and in ENV (docs/buildpacks.md).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "buildstep/api/builder.h"
#include "buildstep/buildpack/build_box.h"

namespace dokku::buildstep {

using Variables = std::map<std::string, std::string>;

// Config variables of these names are never exported into the scripts; they still are files in ENV.
bool hidden_from_scripts(std::string_view name);

// "K=V" for execve. `config` already holds the app's .env below its config.
std::vector<std::string> script_environment(const BuildRequest& request, const Variables& config,
                                            const Places& places);

// One file per variable, the value as it is. `directory` exists, is empty, and belongs to `owner`.
Result<> write_env_files(const std::filesystem::path& directory, const Variables& config,
                         unsigned owner);

}  // namespace dokku::buildstep
