// Git: settings of an app's repository, and what was pushed. For git:report, git:set and the push.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "server/store/apps.h"
#include "server/store/properties.h"

namespace dokku::server {

struct GitSettings {
  std::string deploy_branch;  // empty: main and master deploy
  bool keep_git_dir = false;
  std::string rev_env_var = "GIT_REV";  // empty: none is set
};

struct GitReport {
  std::map<std::string, std::string> app;       // what is set for the app, by key
  std::map<std::string, std::string> global;    // set globally, or empty
  std::map<std::string, std::string> computed;  // what counts
  std::string sha;                              // of the live release, short; "HEAD" when none
  std::optional<WallTime> last_updated_at;
};

// For the pipeline: what counts for `app`.
Result<GitSettings> git_settings(const ReadTx& tx, AppId app);

class Git {
 public:
  static constexpr std::array<std::string_view, 3> kKeys{"deploy-branch", "keep-git-dir",
                                                         "rev-env-var"};
  explicit Git(Store& store) : store_(store) {}

  // No value: back to the default; of rev-env-var: there is none. invalid_argument: a key or value
  // that is not valid.
  Result<> set(AppId app, const std::string& key, const std::optional<std::string>& value);
  Result<GitReport> report(AppId app);
  // What processes find in `variable` without its being config: the live release's revision, if it
  // is the rev-env-var.
  Result<std::optional<std::string>> revision_in(AppId app, const std::string& variable);

 private:
  Store& store_;
};

}  // namespace dokku::server
