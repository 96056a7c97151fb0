// Buildpacks: which packs people have chosen for an app, in order. For cli/commands/buildpacks.cc;
// the build reads them by server/deploy/packs.h.
//
// Threads: any. Errors: invalid_argument, with the line for people.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "server/store/apps.h"

namespace dokku::server {

// "heroku/nodejs" → "https://github.com/heroku/heroku-buildpack-nodejs.git", as Dokku shows it.
// The short name is what is stored: the build takes the bundled pack of that language when there
// is one. All else is shown as it is.
std::string shown_buildpack(const std::string& pack);

class Buildpacks {
 public:
  // `bundled`: the folder of the packs that come with the program.
  Buildpacks(Store& store, std::filesystem::path bundled)
      : store_(store), bundled_(std::move(bundled)) {}

  Result<std::vector<std::string>> list(AppId app);
  // At `index` (from 1; none: at the end).
  Result<> add(AppId app, const std::string& pack, std::optional<long> index);
  // In the place of the one at `index` (none: the first).
  Result<> set(AppId app, const std::string& pack, std::optional<long> index);
  Result<> replace(AppId app, const std::vector<std::string>& fresh);
  // Returns what went.
  Result<std::string> remove(AppId app, const std::string& pack);
  Result<std::string> remove_at(AppId app, long index);
  Result<> clear(AppId app);

 private:
  // A URL, a folder, owner/name of Heroku's, or the name of a bundled pack.
  Result<> check(const std::string& pack) const;
  template <class F>
  Result<> change(AppId app, F&& step);

  Store& store_;
  std::filesystem::path bundled_;
};

}  // namespace dokku::server
