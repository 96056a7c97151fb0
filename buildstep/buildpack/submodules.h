// The submodules of a pushed tree: which there are, and their files, fetched from elsewhere.
//
// The tree says where they come from (.gitmodules), git which commit is wanted: dokku-receive adds
// it as a last file of the tar (buildstep/git/tree_tar.h), which is taken out again here. A commit
// never changes, so a build fetches only what the one before did not have.
// Errors: invalid_argument and unavailable, naming the submodule.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "buildstep/api/builder.h"
#include "buildstep/buildpack/git_worker.h"

namespace dokku::buildstep {

// Path to URL, of a .gitmodules file. What is no submodule, or has a path that leads elsewhere, is
// left out.
std::map<std::string, std::string> parse_gitmodules(std::string_view text);

struct Submodule {
  std::string path;
  std::string commit;
};
// "<commit> <path>" lines.
std::vector<Submodule> parse_submodules_file(std::string_view text);

struct SubmoduleFetch {
  const GitWorker& git;
  std::filesystem::path cache;  // the app's own; what is not wanted any more goes
  Output& output;
  const CancelToken& cancel;
};
// Fills in the empty folders of `tree`.
Result<> fetch_submodules(int tree, const SubmoduleFetch& how);

}  // namespace dokku::buildstep
