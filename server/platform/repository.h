// Repository: an app's bare git repository, made and copied by git itself as the ssh user: root
// writes nothing where others may have put links.
//
// A release row is the truth of what runs; the repository serves clones and pushes. Blocks.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/model/app_name.h"
#include "server/model/instance.h"

namespace dokku::server {

inline constexpr const char* kGitProgram = "/usr/bin/git";

// No file of a user's or of the machine's has a say in what our git does.
std::vector<std::string> git_environment();

std::filesystem::path repository_path(const Instance& instance, const AppName& app);
// Makes it when it is missing.
Result<> ensure_repository(const Instance& instance, const AppName& app);
// The branch that a clone checks out. `ref`: "refs/heads/master".
Result<> point_head(const Instance& instance, const AppName& app, const std::string& ref);
// With branches and tags. Nothing to copy is success.
Result<> copy_repository(const Instance& instance, const AppName& from, const AppName& to);

// All branches and tags as one git bundle, piece by piece. Nothing is taken when there are none.
Result<> bundle_repository(const Instance& instance, const AppName& app,
                           const std::function<Result<>(std::string_view)>& take);
// The repository, made when it is missing, with what such a bundle has. The file becomes the ssh
// user's, who must reach it.
Result<> fill_repository(const Instance& instance, const AppName& app,
                         const std::filesystem::path& bundle);

}  // namespace dokku::server
