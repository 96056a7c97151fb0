#include "buildstep/buildpack/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/io.h"

namespace dokku::buildstep {
namespace {

constexpr std::size_t kSmallFileBytesMax = 1 << 20;

UniqueFd open_beneath(int tree, const std::string& path, std::uint64_t flags,
                      std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, tree, path.c_str(), &how, sizeof how)));
}

}  // namespace

std::optional<std::string> read_beneath(int tree, const std::string& path) {
  const UniqueFd file = open_beneath(tree, path, O_RDONLY | O_NONBLOCK, 0);
  struct stat seen {};
  if (!file.valid() || ::fstat(file.get(), &seen) < 0 || !S_ISREG(seen.st_mode)) {
    return std::nullopt;
  }
  Result<std::string> text = read_all(file.get(), kSmallFileBytesMax);
  if (!text) return std::nullopt;
  return std::move(*text);
}

Result<UniqueFd> open_folder_beneath(int tree, const std::string& path) {
  UniqueFd folder = open_beneath(tree, path, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
  if (folder.valid()) return folder;
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV) {
    return fail(Errc::not_found, path + " is no folder of the pushed tree");
  }
  return fail_syscall("open " + path, errno);
}

}  // namespace dokku::buildstep
