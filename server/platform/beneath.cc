#include "server/platform/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "base/io.h"
#include "base/unique_fd.h"

namespace dokku::server {
namespace {

constexpr std::size_t kTextMax = 1 << 20;
constexpr unsigned kFolderMode = 0755;

UniqueFd open_root(const std::filesystem::path& root) {
  return UniqueFd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

UniqueFd open_beneath(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

// The folder of `file`, made when it is missing and `make` says so.
Result<UniqueFd> open_folder(const BeneathFile& file, bool make) {
  UniqueFd root = open_root(file.root);
  if (!root.valid()) return fail_syscall("open " + file.root.string(), errno);
  if (file.folder.empty()) return root;
  if (make && ::mkdirat(root.get(), file.folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return fail_syscall("mkdir " + file.folder, errno);
  }
  UniqueFd folder = open_beneath(root.get(), file.folder, O_PATH | O_DIRECTORY);
  if (!folder.valid()) {
    if (errno == ENOENT) return fail(Errc::unavailable, "no such folder");
    return fail_syscall("open " + file.folder, errno);
  }
  return folder;
}

}  // namespace

std::string identity_beneath(const std::filesystem::path& root, const std::string& path) {
  const UniqueFd folder = open_root(root);
  const UniqueFd file = open_beneath(folder.get(), path, O_PATH);
  struct stat found {};
  if (!file.valid() || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
  return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino) + ":" +
         std::to_string(found.st_size) + ":" + std::to_string(found.st_ctim.tv_sec) + "." +
         std::to_string(found.st_ctim.tv_nsec);
}

Result<std::string> read_beneath(const std::filesystem::path& root, const std::string& path) {
  const UniqueFd folder = open_root(root);
  const UniqueFd file = open_beneath(folder.get(), path, O_RDONLY | O_NONBLOCK);
  if (!file.valid()) return fail_syscall("open " + path, errno);
  return read_all(file.get(), kTextMax);
}

Result<> replace_beneath(const BeneathFile& file, const std::string& text) {
  const UniqueFd folder = TRY(open_folder(file, true));
  const std::string fresh = "." + file.name + ".new";
  ::unlinkat(folder.get(), fresh.c_str(), 0);
  const UniqueFd out(::openat(folder.get(), fresh.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file.mode));
  if (!out.valid()) return fail_syscall("open " + fresh, errno);
  if (::fchmod(out.get(), file.mode) != 0) return fail_syscall("chmod " + fresh, errno);
  TRY(write_all(out.get(), text));
  if (::renameat(folder.get(), fresh.c_str(), folder.get(), file.name.c_str()) != 0) {
    return fail_syscall("rename " + file.name, errno);
  }
  return {};
}

Result<> remove_beneath(const BeneathFile& file) {
  Result<UniqueFd> folder = open_folder(file, false);
  if (!folder) {
    if (folder.error().code() == Errc::unavailable) return {};
    return Fail(std::move(folder).error());
  }
  if (::unlinkat(folder->get(), file.name.c_str(), 0) != 0 && errno != ENOENT) {
    return fail_syscall("unlink " + file.name, errno);
  }
  return {};
}

Result<> remove_folder_beneath(const std::filesystem::path& root, const std::string& folder) {
  const std::filesystem::path path(folder);
  Result<UniqueFd> parent = open_folder({root, path.parent_path().string(), {}, 0}, false);
  if (!parent) {
    if (parent.error().code() == Errc::unavailable) return {};
    return Fail(std::move(parent).error());
  }
  if (::unlinkat(parent->get(), path.filename().c_str(), AT_REMOVEDIR) == 0) return {};
  if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST) return {};
  return fail_syscall("rmdir " + folder, errno);
}

}  // namespace dokku::server
