#include "proxy/process/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace dokku::proxy::process {
namespace {

struct User {
  uid_t uid;
  gid_t gid;
};

Result<User> look_up(const std::string& name) {
  errno = 0;
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return fail(Errc::not_found, "no user \"" + name + "\"");
  return User{entry->pw_uid, entry->pw_gid};
}

Result<> set_capabilities(std::uint32_t wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = data[0].inheritable = wanted;
  if (::syscall(SYS_capset, &header, data.data()) < 0) return fail_syscall("capset", errno);
  return {};
}

// Ambient, so that the program that replaces this one in an upgrade has it too.
Result<> keep_only_bind() {
  TRY(set_capabilities(1U << CAP_NET_BIND_SERVICE));
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) < 0) {
    return fail_syscall("ambient capability", errno);
  }
  return {};
}

}  // namespace

void raise_file_limit(unsigned long files) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  rlimit wish{files, std::max<rlim_t>(files, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &wish) == 0) return;
  wish = {std::min<rlim_t>(files, limit.rlim_max), limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &wish);
}

unsigned long file_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 1024 : limit.rlim_cur;
}

Result<> become(const std::string& name) {
  const User user = TRY(look_up(name));
  if (::geteuid() == user.uid && user.uid != 0) return {};
  if (::geteuid() != 0) return fail(Errc::permission_denied, "only root can become " + name);
  // The bounding set goes first: it needs a capability that goes with it.
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (capability != CAP_NET_BIND_SERVICE) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return fail_syscall("keepcaps", errno);
  if (::setgroups(0, nullptr) < 0) return fail_syscall("setgroups", errno);
  if (::setresgid(user.gid, user.gid, user.gid) < 0) return fail_syscall("setresgid", errno);
  if (::setresuid(user.uid, user.uid, user.uid) < 0) return fail_syscall("setresuid", errno);
  TRY(keep_only_bind());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_syscall("no_new_privs", errno);
  return {};
}

Result<> drop_all_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Fails when there was no right to do so: then there is nothing to drop either.
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  return set_capabilities(0);
}

Result<> make_folder_for(const std::string& folder, const std::string& name) {
  if (::mkdir(folder.c_str(), 0700) < 0) {
    if (errno == EEXIST) return {};
    return fail_syscall("mkdir " + folder, errno);
  }
  if (name.empty() || ::geteuid() != 0) return {};
  const User user = TRY(look_up(name));
  if (::chown(folder.c_str(), user.uid, user.gid) < 0) {
    return fail_syscall("chown " + folder, errno);
  }
  return {};
}

}  // namespace dokku::proxy::process
