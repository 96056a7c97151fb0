#include "buildstep/git/git_dir.h"

#include <fcntl.h>

#include <system_error>

#include "base/io.h"
#include "buildstep/git/libgit2.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

using Packbuilder = GitHandle<git_packbuilder, git_packbuilder_free>::type;
using Revwalk = GitHandle<git_revwalk, git_revwalk_free>::type;
using Index = GitHandle<git_index, git_index_free>::type;
using Commit = GitHandle<git_commit, git_commit_free>::type;
using Tree = GitHandle<git_tree, git_tree_free>::type;

constexpr const char* kConfig =
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n";

Result<> write(const fs::path& file, const std::string& text) {
  const UniqueFd fd = TRY(open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0644));
  return write_all(fd.get(), text);
}

Result<> write_history(git_repository* objects, const git_oid& commit, const fs::path& packs) {
  git_packbuilder* raw_pack = nullptr;
  int code = git_packbuilder_new(&raw_pack, objects);
  if (code < 0) return git_fail("packing the history", code);
  const Packbuilder pack(raw_pack);
  git_packbuilder_set_threads(pack.get(), 1);  // with more the bytes would differ from time to time
  git_revwalk* raw_walk = nullptr;
  code = git_revwalk_new(&raw_walk, objects);
  if (code < 0) return git_fail("walking the history", code);
  const Revwalk walk(raw_walk);
  code = git_revwalk_push(walk.get(), &commit);
  if (code == 0) code = git_packbuilder_insert_walk(pack.get(), walk.get());
  if (code == 0) code = git_packbuilder_write(pack.get(), packs.c_str(), 0444, nullptr, nullptr);
  if (code < 0) return git_fail("packing the history", code);
  return {};
}

// Else git would take every file for a new one.
Result<> write_index(git_repository* objects, const git_oid& commit, const fs::path& file) {
  git_commit* raw_commit = nullptr;
  int code = git_commit_lookup(&raw_commit, objects, &commit);
  if (code < 0) return git_fail("commit", code);
  const Commit looked_up(raw_commit);
  git_tree* raw_tree = nullptr;
  code = git_commit_tree(&raw_tree, looked_up.get());
  if (code < 0) return git_fail("tree", code);
  const Tree tree(raw_tree);
  git_index* raw_index = nullptr;
  code = git_index_open(&raw_index, file.c_str());
  if (code < 0) return git_fail("index", code);
  const Index index(raw_index);
  code = git_index_read_tree(index.get(), tree.get());
  if (code == 0) code = git_index_write(index.get());
  if (code < 0) return git_fail("index", code);
  return {};
}

}  // namespace

Result<> make_git_dir(git_repository* objects, const git_oid& commit, const std::string& ref,
                      const fs::path& directory) {
  std::error_code failed;
  const bool branch = ref.starts_with("refs/heads/");
  fs::create_directories(directory / "objects" / "pack", failed);
  if (!failed) fs::create_directories(directory / "refs" / "heads", failed);
  if (!failed && branch) fs::create_directories((directory / ref).parent_path(), failed);
  if (failed) return fail(Errc::internal, "mkdir .git: " + failed.message());
  std::string id(GIT_OID_HEXSZ, '\0');
  git_oid_fmt(id.data(), &commit);
  TRY(write(directory / "config", kConfig));
  TRY(write(directory / "HEAD", (branch ? "ref: " + ref : id) + "\n"));
  if (branch) TRY(write(directory / ref, id + "\n"));
  TRY(write_history(objects, commit, directory / "objects" / "pack"));
  return write_index(objects, commit, directory / "index");
}

}  // namespace dokku::buildstep
