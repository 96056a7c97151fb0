// The hook of tree_tar_test's real push: reads the pushed commit out of git's quarantine.
//
// DOKKU_TEST_COMMIT names the commit, DOKKU_TEST_OUT the file that gets the tar,
// DOKKU_TEST_GIT_DIR_ON the branch of its .git directory.
#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/io.h"
#include "buildstep/git/tree_tar.h"

namespace {

using dokku::Result;

int refuse(const std::string& why) {
  std::fprintf(stderr, "pre-receive: %s\n", why.c_str());
  return 1;
}

int write_tar(const char* commit, const char* out) {
  using namespace dokku::buildstep;
  Result<ObjectDirs> objects = object_dirs_from_environment(::getenv);
  if (!objects) return refuse(objects.error().message());
  // A plain open does not see the pushed commit: that is what quarantine means.
  Result<dokku::UniqueFd> null = dokku::open_file("/dev/null", O_WRONLY);
  if (!null) return refuse(null.error().message());
  if (write_tree_as_tar(object_dirs_of("."), {commit, {}}, null->get()))
    return refuse("no quarantine");
  Result<dokku::UniqueFd> tar = dokku::open_file(out, O_CREAT | O_WRONLY);
  if (!tar) return refuse(tar.error().message());
  const char* branch = ::getenv("DOKKU_TEST_GIT_DIR_ON");
  Result<TreeSummary> summary =
      write_tree_as_tar(*objects, {commit, branch != nullptr ? branch : ""}, tar->get());
  if (!summary) return refuse(summary.error().message());
  if (summary->submodules != 1) return refuse("submodule not told");
  return 0;
}

}  // namespace

int main() {
  const char* commit = ::getenv("DOKKU_TEST_COMMIT");
  const char* out = ::getenv("DOKKU_TEST_OUT");
  if (::getenv("GIT_QUARANTINE_PATH") == nullptr) return refuse("not called by git");
  if (commit == nullptr || out == nullptr) return refuse("not called by the test");
  return write_tar(commit, out);
}
