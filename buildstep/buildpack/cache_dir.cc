#include "buildstep/buildpack/cache_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "base/io.h"
#include "buildstep/source/copy_tree.h"
#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

Result<> make_folder(const fs::path& path, uid_t owner) {
  if (::mkdir(path.c_str(), 0755) < 0 && errno != EEXIST) {
    return fail_syscall("mkdir " + path.string(), errno);
  }
  if (::chown(path.c_str(), owner, owner) < 0) return fail_syscall("chown " + path.string(), errno);
  return {};
}

Result<UniqueFd> open_folder(int at, const char* name) {
  UniqueFd fd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return fail_syscall(std::string("open ") + name, errno);
  return fd;
}

// Removes a file or a whole folder. Root is stopped by no mode bits, so read-only trees go too.
Result<> remove_at(int at, const std::string& name) {
  std::error_code error;
  fs::remove_all("/proc/self/fd/" + std::to_string(at) + "/" + name, error);
  if (error) return fail(Errc::internal, "remove " + name + ": " + error.message());
  return {};
}

bool is_opaque(int folder) {
  std::array<char, 4> value{};
  return ::fgetxattr(folder, "trusted.overlay.opaque", value.data(), value.size()) > 0 &&
         value[0] == 'y';
}

Result<> merge_folder(int upper, int lower);

// Moves one entry of the overlay's upper folder to where it was seen.
Result<> merge_entry(int upper, int lower, const std::string& name) {
  struct stat above {};
  if (::fstatat(upper, name.c_str(), &above, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_syscall(name, errno);
  }
  if (S_ISCHR(above.st_mode) && above.st_rdev == 0) return remove_at(lower, name);  // a whiteout
  struct stat below {};
  const bool exists = ::fstatat(lower, name.c_str(), &below, AT_SYMLINK_NOFOLLOW) == 0;
  if (S_ISDIR(above.st_mode) && exists && S_ISDIR(below.st_mode)) {
    const UniqueFd from = TRY(open_folder(upper, name.c_str()));
    if (!is_opaque(from.get())) {
      const UniqueFd to = TRY(open_folder(lower, name.c_str()));
      ::fchmod(to.get(), above.st_mode & 0777);
      return merge_folder(from.get(), to.get());
    }
  }
  if (exists && (S_ISDIR(above.st_mode) || S_ISDIR(below.st_mode))) TRY(remove_at(lower, name));
  if (::renameat(upper, name.c_str(), lower, name.c_str()) < 0) return fail_syscall(name, errno);
  return {};
}

Result<> merge_folder(int upper, int lower) {
  const int again = ::openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> folder(again < 0 ? nullptr : ::fdopendir(again));
  if (folder == nullptr) return fail_syscall("read the cache", errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  for (const std::string& name : names) TRY(merge_entry(upper, lower, name));
  return {};
}

bool mount_overlay(const fs::path& root) {
  const std::string text = root.string();
  if (text.find_first_of(",:\\") != std::string::npos) return false;
  // volatile: else its end writes the whole file system to disk, which may take seconds.
  const std::string options = "lowerdir=" + text + "/current,upperdir=" + text +
                              "/upper,workdir=" + text +
                              "/work,redirect_dir=off,metacopy=off,index=off,volatile";
  return ::mount("overlay", (root / "merged").c_str(), "overlay", MS_NOSUID | MS_NODEV,
                 options.c_str()) == 0;
}

void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

void CacheDir::clean(const fs::path& root) {
  while (::umount2((root / "merged").c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  for (const char* name : {"upper", "work", "merged"}) remove_quietly(root / name);
  std::error_code ignored;
  if (fs::exists(root / "merging", ignored)) {
    remove_quietly(root / "current");
    remove_quietly(root / "merging");
  }
}

Result<CacheDir> CacheDir::open(const fs::path& root) {
  std::error_code ignored;
  fs::create_directories(root, ignored);
  clean(root);
  TRY(make_folder(root / "merged", kBuildUid));
  const fs::path current = root / "current";
  if (!fs::is_directory(current, ignored) || fs::is_empty(current, ignored)) {
    return CacheDir(root, root / "merged", Kind::fresh);
  }
  TRY(make_folder(root / "upper", kBuildUid));
  TRY(make_folder(root / "work", 0));
  if (mount_overlay(root)) return CacheDir(root, root / "merged", Kind::overlay);
  CacheDir copy(root, root / "merged", Kind::copy);
  const UniqueFd from = TRY(open_file(current, O_RDONLY | O_DIRECTORY));
  const UniqueFd to = TRY(open_file(root / "merged", O_RDONLY | O_DIRECTORY));
  TRY(copy_tree(from.get(), to.get(), kBuildUid));
  return copy;
}

CacheDir::CacheDir(CacheDir&& other) noexcept
    : root_(std::move(other.root_)),
      path_(std::move(other.path_)),
      kind_(std::exchange(other.kind_, Kind::closed)) {}

CacheDir::~CacheDir() {
  if (kind_ != Kind::closed) clean(root_);
}

Result<> CacheDir::keep() {
  const Kind kind = std::exchange(kind_, Kind::closed);
  const UniqueFd marker = TRY(open_file(root_ / "merging", O_CREAT | O_WRONLY));
  if (kind == Kind::overlay) {
    if (::umount2((root_ / "merged").c_str(), UMOUNT_NOFOLLOW) < 0) {
      const int err = errno;
      clean(root_);
      return fail_syscall("unmount the cache", err);
    }
    const UniqueFd upper = TRY(open_file(root_ / "upper", O_RDONLY | O_DIRECTORY));
    const UniqueFd lower = TRY(open_file(root_ / "current", O_RDONLY | O_DIRECTORY));
    TRY(merge_folder(upper.get(), lower.get()));
  } else {
    remove_quietly(root_ / "current");
    if (::rename((root_ / "merged").c_str(), (root_ / "current").c_str()) < 0) {
      return fail_syscall("keep the cache", errno);
    }
  }
  remove_quietly(root_ / "merging");
  clean(root_);
  return {};
}

}  // namespace dokku::buildstep
