#include "server/supervise/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "base/unique_fd.h"

namespace dokku::server {
namespace fs = std::filesystem;

Result<> ensure_storage_folder(const fs::path& storage_dir, const std::string& name,
                               const std::optional<runtime::User>& owner) {
  std::error_code failed;
  fs::create_directories(storage_dir, failed);
  if (failed) return fail(Errc::internal, storage_dir.string() + ": " + failed.message());
  const std::string path = (storage_dir / name).string();
  const bool made = ::mkdir(path.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) return fail_syscall("mkdir " + path, errno);
  // By its descriptor, and never through a link.
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) return fail(Errc::conflict, path + " is not a directory");
  if (owner && ::fchown(folder.get(), owner->uid, owner->gid) != 0) {
    return fail_syscall("chown " + path, errno);
  }
  return {};
}

Result<std::vector<runtime::Mount>> ensure_volumes(const std::vector<runtime::Mount>& mounts,
                                                   const fs::path& storage_dir) {
  std::vector<runtime::Mount> out;
  for (runtime::Mount mount : mounts) {
    const std::string name = mount.source.string();
    struct stat seen {};
    if (mount.source.is_relative()) {
      mount.source = storage_dir / name;
      if (::lstat(mount.source.c_str(), &seen) != 0) {
        TRY(ensure_storage_folder(storage_dir, name, runtime::User{}));
      } else if (!S_ISDIR(seen.st_mode)) {
        return fail(Errc::conflict, mount.source.string() + " is not a directory");
      }
    } else if (::stat(mount.source.c_str(), &seen) != 0) {
      return fail(Errc::conflict, "its storage " + name + " is not there: make it, or take it off "
                                  "with storage:unmount");
    }
    out.push_back(std::move(mount));
  }
  return out;
}

}  // namespace dokku::server
