#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/io.h"

namespace dokku {
namespace {

Result<> write_and_sync(const std::filesystem::path& path, std::string_view content,
                        unsigned mode) {
  UniqueFd file = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  if (::fchmod(file.get(), mode) < 0) return fail_syscall("chmod " + path.string(), errno);
  TRY(write_all(file.get(), content));
  if (::fsync(file.get()) < 0) return fail_syscall("fsync " + path.string(), errno);
  return {};
}

}  // namespace

Result<> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                               unsigned mode) {
  std::filesystem::path fresh = path;
  fresh += ".new-" + std::to_string(::getpid());
  Result<> written = write_and_sync(fresh, content, mode);
  if (!written) {
    ::unlink(fresh.c_str());
    return written;
  }
  if (::rename(fresh.c_str(), path.c_str()) < 0) {
    const int err = errno;
    ::unlink(fresh.c_str());
    return fail_syscall("rename to " + path.string(), err);
  }
  UniqueFd folder = TRY(open_file(path.parent_path().empty() ? "." : path.parent_path(),
                                  O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.get()) < 0) return fail_syscall("fsync " + path.parent_path().string(), errno);
  return {};
}

}  // namespace dokku
