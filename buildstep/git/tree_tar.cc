#include "buildstep/git/tree_tar.h"

#include <fcntl.h>
#include <git2/sys/repository.h>
#include <stdlib.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <type_traits>

#include "base/io.h"
#include "buildstep/git/git_dir.h"
#include "buildstep/git/libgit2.h"
#include "buildstep/tar/tar_writer.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

// 2000-01-01, in every entry: the tree decides the bytes, not the day.
constexpr time_t kEntryTime = 946684800;
constexpr int kDepthMax = 128;
constexpr std::size_t kHistoryBytesMax = 512 << 20;  // of one pack, as it is held in memory

using Odb = GitHandle<git_odb, git_odb_free>::type;
using Object = GitHandle<git_object, git_object_free>::type;
using Tree = GitHandle<git_tree, git_tree_free>::type;
using Blob = GitHandle<git_blob, git_blob_free>::type;

// Gone with everything in it.
class ScratchFolder {
 public:
  static Result<ScratchFolder> create() {
    std::error_code failed;
    std::string name = (fs::temp_directory_path(failed) / "dokku-git-XXXXXX").string();
    if (failed || ::mkdtemp(name.data()) == nullptr) return fail_syscall("mkdtemp " + name, errno);
    return ScratchFolder(name);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

class TreeWriter {
 public:
  TreeWriter(git_repository* repository, TarWriter& tar, const TreeLimits& limits)
      : repository_(repository), tar_(tar), limits_(limits) {}

  Result<> write(const git_tree* tree, const std::string& prefix, int depth) {
    if (depth > kDepthMax) {
      return fail(Errc::limit_exceeded, prefix + ": folders are nested too deeply");
    }
    const std::size_t count = git_tree_entrycount(tree);
    for (std::size_t i = 0; i < count; ++i) {
      TRY(write_entry(git_tree_entry_byindex(tree, i), prefix, depth));
    }
    return {};
  }

  // The files below `folder` as `prefix`…, in the order of their names.
  Result<> write_folder_of_disk(const fs::path& folder, const std::string& prefix) {
    TRY(tar_.add(folder_at(prefix)));
    std::error_code failed;
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      entries.push_back(entry.path());
    }
    if (failed) return fail(Errc::internal, folder.string() + ": " + failed.message());
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      const std::string name = prefix + "/" + entry.filename().string();
      if (fs::is_directory(entry, failed)) {
        TRY(write_folder_of_disk(entry, name));
      } else {
        const std::string content = TRY(read_file(entry, kHistoryBytesMax));
        TRY(put_file(name, content, S_IFREG | 0644));
      }
    }
    return {};
  }

  Result<> write_submodules() {
    if (summary_.submodules == 0) return {};
    return put_file(kSubmodulesFile, submodules_, S_IFREG | 0644);
  }

  TreeSummary summary() const { return summary_; }

 private:
  Result<> write_entry(const git_tree_entry* entry, const std::string& prefix, int depth) {
    const std::string path = prefix + git_tree_entry_name(entry);
    if (++summary_.files > limits_.files_max) {
      return fail(Errc::limit_exceeded,
                  "the tree has more than " + std::to_string(limits_.files_max) + " files");
    }
    switch (git_tree_entry_filemode(entry)) {
      case GIT_FILEMODE_TREE:
        return write_folder(entry, path, depth);
      case GIT_FILEMODE_COMMIT:
        note_submodule(path, *git_tree_entry_id(entry));
        return tar_.add(folder_at(path));
      case GIT_FILEMODE_LINK:
        return write_blob(entry, path, S_IFLNK | 0777);
      case GIT_FILEMODE_BLOB_EXECUTABLE:
        return write_blob(entry, path, S_IFREG | 0755);
      default:
        return write_blob(entry, path, S_IFREG | 0644);
    }
  }

  // A name with a line's end in it stays an empty directory.
  void note_submodule(const std::string& path, const git_oid& commit) {
    if (path.find('\n') != std::string::npos) return;
    std::string id(GIT_OID_HEXSZ, '\0');
    git_oid_fmt(id.data(), &commit);
    submodules_ += id + " " + path + "\n";
    ++summary_.submodules;
  }

  Result<> write_folder(const git_tree_entry* entry, const std::string& path, int depth) {
    git_tree* raw = nullptr;
    const int code = git_tree_lookup(&raw, repository_, git_tree_entry_id(entry));
    if (code < 0) return git_fail(path, code);
    const Tree tree(raw);
    TRY(tar_.add(folder_at(path)));
    return write(tree.get(), path + "/", depth + 1);
  }

  static TarEntry folder_at(const std::string& path) {
    return {.path = path, .mode = S_IFDIR | 0755, .time = kEntryTime};
  }

  Result<> write_blob(const git_tree_entry* entry, const std::string& path, mode_t mode) {
    git_blob* raw = nullptr;
    const int code = git_blob_lookup(&raw, repository_, git_tree_entry_id(entry));
    if (code < 0) return git_fail(path, code);
    const Blob blob(raw);
    const auto size = static_cast<std::size_t>(git_blob_rawsize(blob.get()));
    const std::string_view content(static_cast<const char*>(git_blob_rawcontent(blob.get())), size);
    if (S_ISREG(mode)) return put_file(path, content, mode);
    TRY(count(size));
    return tar_.add(
        {.path = path, .mode = mode, .time = kEntryTime, .link = std::string(content)});
  }

  Result<> count(std::uint64_t bytes) {
    summary_.bytes += bytes;
    if (summary_.bytes <= limits_.bytes_max) return {};
    return fail(Errc::limit_exceeded,
                "the tree is larger than " + std::to_string(limits_.bytes_max >> 20) + " MB");
  }

  Result<> put_file(const std::string& path, std::string_view content, mode_t mode) {
    TRY(count(content.size()));
    TRY(tar_.add({.path = path, .mode = mode, .time = kEntryTime, .size = content.size()}));
    return tar_.data(content);
  }

  git_repository* repository_;
  TarWriter& tar_;
  TreeLimits limits_;
  TreeSummary summary_;
  std::string submodules_;  // lines of kSubmodulesFile
};

Result<Repository> open_objects(const ObjectDirs& objects) {
  git_odb* raw_odb = nullptr;
  int code = git_odb_open(&raw_odb, objects.main.c_str());
  if (code < 0) return git_fail(objects.main.string(), code);
  const Odb odb(raw_odb);
  for (const std::filesystem::path& alternate : objects.alternates) {
    code = git_odb_add_disk_alternate(odb.get(), alternate.c_str());
    if (code < 0) return git_fail(alternate.string(), code);
  }
  git_repository* raw = nullptr;
  code = git_repository_wrap_odb(&raw, odb.get());
  if (code < 0) return git_fail("opening the objects", code);
  return Repository(raw);
}

Result<Object> find_commit(git_repository* repository, const std::string& commit) {
  git_oid id;
  if (commit.size() != GIT_OID_HEXSZ || git_oid_fromstr(&id, commit.c_str()) < 0) {
    return fail(Errc::invalid_argument, "'" + commit + "' is not a full commit id");
  }
  git_object* raw = nullptr;
  int code = git_object_lookup(&raw, repository, &id, GIT_OBJECT_ANY);
  if (code < 0) return git_fail("commit " + commit, code);
  const Object object(raw);
  git_object* peeled = nullptr;
  code = git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT);
  if (code < 0) return git_fail("commit " + commit, code);
  return Object(peeled);
}

Result<Tree> tree_of(git_object* commit) {
  git_object* peeled = nullptr;
  const int code = git_object_peel(&peeled, commit, GIT_OBJECT_TREE);
  if (code < 0) return git_fail("tree", code);
  return Tree(reinterpret_cast<git_tree*>(peeled));
}

std::vector<fs::path> split_colons(std::string_view list) {
  std::vector<fs::path> out;
  while (!list.empty()) {
    const std::size_t colon = std::min(list.find(':'), list.size());
    if (colon > 0) out.emplace_back(list.substr(0, colon));
    list.remove_prefix(std::min(colon + 1, list.size()));
  }
  return out;
}

}  // namespace

Result<ObjectDirs> object_dirs_from_environment(
    const std::function<const char*(const char*)>& variable) {
  const auto value = [&](const char* name) {
    const char* text = variable(name);
    return std::string(text != nullptr ? text : "");
  };
  ObjectDirs dirs;
  dirs.main = value("GIT_OBJECT_DIRECTORY");
  if (dirs.main.empty()) dirs.main = value("GIT_QUARANTINE_PATH");
  dirs.alternates = split_colons(value("GIT_ALTERNATE_OBJECT_DIRECTORIES"));
  if (dirs.main.empty()) {
    const std::string git_dir = value("GIT_DIR");
    if (git_dir.empty()) return fail(Errc::invalid_argument, "GIT_DIR is not set: not a git hook");
    dirs.main = std::filesystem::path(git_dir) / "objects";
  }
  return dirs;
}

ObjectDirs object_dirs_of(const std::filesystem::path& bare_repository) {
  return {bare_repository / "objects", {}};
}

Result<TreeSummary> write_tree_as_tar(const ObjectDirs& objects, const TreeWanted& wanted, int fd) {
  const LibraryUse use;
  const Repository repository = TRY(open_objects(objects));
  const Object commit = TRY(find_commit(repository.get(), wanted.commit));
  const Tree tree = TRY(tree_of(commit.get()));
  TarWriter tar([fd](std::string_view piece) { return write_all(fd, piece); });
  TreeWriter writer(repository.get(), tar, wanted.limits);
  TRY(writer.write(tree.get(), "", 0));
  if (!wanted.git_dir_on.empty()) {
    const ScratchFolder scratch = TRY(ScratchFolder::create());
    TRY(make_git_dir(repository.get(), *git_object_id(commit.get()), wanted.git_dir_on,
                     scratch.path()));
    TRY(writer.write_folder_of_disk(scratch.path(), ".git"));
  }
  TRY(writer.write_submodules());
  TRY(tar.finish());
  return writer.summary();
}

}  // namespace dokku::buildstep
