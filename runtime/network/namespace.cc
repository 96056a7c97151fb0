#include "runtime/network/namespace.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <thread>

#include "base/io.h"

namespace dokku::runtime {
namespace {

// /proc/sys/net is that of the thread which opens it.
Result<> set_sysctl(const char* path, std::string_view value) {
  Result<UniqueFd> file = open_file(path, O_WRONLY);
  if (!file && file.error().code() == Errc::not_found) return {};  // a kernel without it
  if (!file) return Fail(std::move(file).error());
  return write_all(file->get(), value);
}

// Runs on the throw-away thread.
Result<NewNamespace> become_namespace(const std::filesystem::path& path) {
  if (::unshare(CLONE_NEWNET) < 0) return fail_syscall("unshare", errno);
  TRY(set_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
  TRY(set_sysctl("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"));
  TRY(set_sysctl("/proc/sys/net/ipv4/ping_group_range", "0 2147483647"));
  if (::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) < 0) {
    return fail_syscall("mount at " + path.string(), errno);
  }
  UniqueFd fd = TRY(open_file(path, O_RDONLY));
  Netlink inside = TRY(Netlink::open());
  return NewNamespace{std::move(fd), std::move(inside)};
}

}  // namespace

Result<NewNamespace> create_namespace(const std::filesystem::path& path) {
  TRY(remove_namespace(path));
  TRY(open_file(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400));
  std::optional<Result<NewNamespace>> made;
  std::thread([&] { made.emplace(become_namespace(path)); }).join();
  if (!*made) {
    const Result<> ignored = remove_namespace(path);
    return Fail(std::move(*made).error().while_("making a network namespace"));
  }
  return *std::move(*made);
}

bool is_namespace(const std::filesystem::path& path) {
  struct statfs info {};
  return ::statfs(path.c_str(), &info) == 0 && info.f_type == NSFS_MAGIC;
}

Result<> remove_namespace(const std::filesystem::path& path) {
  while (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) return fail_syscall("umount " + path.string(), errno);
  if (::unlink(path.c_str()) < 0 && errno != ENOENT) {
    return fail_syscall("unlink " + path.string(), errno);
  }
  return {};
}

}  // namespace dokku::runtime
