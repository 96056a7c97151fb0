// VersionFolder: an instance's programs, a folder for each version, and the link to those that run.
//
//   /var/lib/dokku/versions/0.1.0/dokkud …, 0.2.0/…, current -> 0.2.0     (the package)
//   ROOT/versions/0.1.0/dokkud …, ROOT/bin -> versions/0.1.0              (packaging/instance)
//
// The link is the instance's `helpers_dir`: every program is started through it, so that one rename
// decides what runs from then on. Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>
#include <string>

#include "base/result.h"

namespace dokku::server {

class VersionFolder {
 public:
  // conflict: `link` is a plain folder, so there is one version only.
  static Result<VersionFolder> behind(const std::filesystem::path& link);

  // What the link leads to; empty: nothing.
  std::string current() const;
  std::filesystem::path path_of(const std::string& version) const { return folder_ / version; }
  const std::filesystem::path& folder() const { return folder_; }
  bool has(const std::string& version) const;
  // In one step; the folder is synced, so that it holds over a power cut.
  Result<> lead_to(const std::string& version) const;
  // The link `proven` beside the versions: by whose programs an upgrade is minded.
  Result<> prove(const std::string& version) const;
  // Of the program that a process executes; empty: of none.
  std::string version_of(pid_t pid) const;
  // Removes all other versions.
  void keep_only(const std::set<std::string>& versions) const;

 private:
  VersionFolder(std::filesystem::path link, std::filesystem::path folder)
      : link_(std::move(link)), folder_(std::move(folder)) {}
  std::filesystem::path link_;
  std::filesystem::path folder_;
};

}  // namespace dokku::server
