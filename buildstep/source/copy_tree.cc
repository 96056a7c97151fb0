#include "buildstep/source/copy_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "base/io.h"
#include "base/unique_fd.h"

namespace dokku::buildstep {
namespace {

constexpr int kDepthMax = 512;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

Result<> give(int folder, const char* name, std::optional<uid_t> owner) {
  if (owner && ::fchownat(folder, name, *owner, *owner, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_syscall(std::string("chown ") + name, errno);
  }
  return {};
}

Result<> copy_bytes(int from, int to, const char* name) {
  for (;;) {
    const ssize_t copied = ::copy_file_range(from, nullptr, to, nullptr, 1 << 30, 0);
    if (copied == 0) return {};
    if (copied > 0) continue;
    if (errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS) {
      return fail_syscall(std::string("copy ") + name, errno);
    }
    break;
  }
  std::array<char, 65536> piece{};
  for (;;) {
    const std::size_t got = TRY(read_some(from, piece.data(), piece.size()));
    if (got == 0) return {};
    TRY(write_all(to, {piece.data(), got}));
  }
}

Result<> copy_file(int from, int to, const char* name, mode_t mode) {
  const UniqueFd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!source.valid()) return fail_syscall(std::string("open ") + name, errno);
  const UniqueFd target(
      ::openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target.valid()) return fail_syscall(std::string("create ") + name, errno);
  TRY(copy_bytes(source.get(), target.get(), name));
  if (::fchmod(target.get(), mode & 0777) < 0) return fail_syscall(name, errno);
  return {};
}

Result<> copy_link(int from, int to, const char* name) {
  std::array<char, 4097> target{};
  if (::readlinkat(from, name, target.data(), target.size() - 1) < 0 ||
      ::symlinkat(target.data(), to, name) < 0) {
    return fail_syscall(std::string("copy ") + name, errno);
  }
  return {};
}

Result<> copy_folder(int from, int to, std::optional<uid_t> owner, int depth);

Result<> copy_entry(int from, int to, const char* name, std::optional<uid_t> owner, int depth) {
  struct stat seen {};
  if (::fstatat(from, name, &seen, AT_SYMLINK_NOFOLLOW) < 0) return fail_syscall(name, errno);
  if (S_ISREG(seen.st_mode)) {
    TRY(copy_file(from, to, name, seen.st_mode));
  } else if (S_ISLNK(seen.st_mode)) {
    TRY(copy_link(from, to, name));
  } else if (S_ISDIR(seen.st_mode)) {
    const UniqueFd source(::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!source.valid() || ::mkdirat(to, name, 0700) < 0) {
      return fail_syscall(std::string("copy ") + name, errno);
    }
    const UniqueFd target(::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!target.valid()) return fail_syscall(std::string("copy ") + name, errno);
    TRY(copy_folder(source.get(), target.get(), owner, depth + 1));
    if (::fchmod(target.get(), seen.st_mode & 0777) < 0) return fail_syscall(name, errno);
  } else {
    return {};
  }
  TRY(give(to, name, owner));
  const std::array<timespec, 2> times{seen.st_atim, seen.st_mtim};
  ::utimensat(to, name, times.data(), AT_SYMLINK_NOFOLLOW);
  return {};
}

Result<> copy_folder(int from, int to, std::optional<uid_t> owner, int depth) {
  if (depth > kDepthMax) return fail(Errc::limit_exceeded, "folders are nested too deeply");
  const int again = ::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return fail_syscall("open folder", errno);
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(again));
  if (folder == nullptr) return fail_syscall("read folder", errno);
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    TRY(copy_entry(from, to, entry->d_name, owner, depth));
  }
  return {};
}

}  // namespace

Result<> copy_tree(int from, int to, std::optional<uid_t> owner) {
  return copy_folder(from, to, owner, 0);
}

}  // namespace dokku::buildstep
