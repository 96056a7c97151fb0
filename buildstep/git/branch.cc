#include "buildstep/git/branch.h"

#include "buildstep/git/libgit2.h"

namespace dokku::buildstep {
namespace {

using Reference = GitHandle<git_reference, git_reference_free>::type;

}  // namespace

Result<> put_branch(const std::filesystem::path& bare_repository, const BranchAt& branch) {
  const LibraryUse library;
  git_repository* opened = nullptr;
  if (const int code = git_repository_open_bare(&opened, bare_repository.c_str()); code != 0) {
    return git_fail("open " + bare_repository.string(), code);
  }
  const Repository repository(opened);
  git_oid wanted{};
  if (const int code = git_oid_fromstr(&wanted, branch.commit.c_str()); code != 0) {
    return git_fail(branch.commit, code);
  }
  git_oid now{};
  const bool exists = git_reference_name_to_id(&now, repository.get(), branch.ref.c_str()) == 0;
  if (git_oid_is_zero(&wanted) != 0) {
    if (exists && git_reference_remove(repository.get(), branch.ref.c_str()) != 0) {
      return git_fail("remove " + branch.ref, GIT_ERROR);
    }
    return {};
  }
  if (exists && git_oid_equal(&now, &wanted) != 0) return {};
  git_reference* made = nullptr;
  const int code =
      git_reference_create(&made, repository.get(), branch.ref.c_str(), &wanted, 1, nullptr);
  const Reference reference(made);
  return code == 0 ? Result<>() : git_fail("move " + branch.ref, code);
}

}  // namespace dokku::buildstep
