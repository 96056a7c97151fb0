#include "buildstep/buildpack/worker.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"
#include "buildstep/buildpack/git_worker.h"
#include "buildstep/buildpack/release.h"
#include "buildstep/git/fetch.h"
#include "buildstep/git/host_key.h"
#include "buildstep/source/copy_tree.h"
#include "buildstep/source/unpack.h"
#include "buildstep/source/worker_call.h"
#include "buildstep/stack/install_layer.h"

// Task           arguments             0      3         4         runs as
// unpack         FILES_MAX BYTES_MAX   tar    target    answer    build user
// release-yaml                         YAML   answer              build user
// copy-tree      SOURCE                -      target    answer    build user
// fetch-git      URL REF KNOWN         ssh    target    answer    root, then build user
// host-key       HOST PORT                    answer              build user
// install-layer  LOWER HOME PACKAGE…          answer              root: Debian's packages, not
// bytes
//                                                                 of strangers
namespace dokku::buildstep {
namespace {

using Arguments = std::vector<std::string>;

void limit(decltype(RLIMIT_CORE) resource, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(resource, &both);
}

std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

Result<std::string> unpack_task(const Arguments& arguments) {
  if (arguments.size() != 2) return fail(Errc::internal, "unpack: wrong arguments");
  const Unpacked done = TRY(unpack_tar(0, 3, {number(arguments[0]), number(arguments[1])}));
  return std::to_string(done.files) + " " + std::to_string(done.bytes);
}

Result<std::string> release_task() {
  const std::string yaml = TRY(read_all(0, 1 << 20));
  return yaml_to_lines(yaml);
}

Result<std::string> copy_task(const Arguments& arguments) {
  if (arguments.size() != 1) return fail(Errc::internal, "copy-tree: wrong arguments");
  const UniqueFd source = TRY(open_file(arguments[0], O_RDONLY | O_DIRECTORY));
  TRY(copy_tree(source.get(), 3, std::nullopt));
  return std::string();
}

// libgit2 wants a path that its user may reach: the target is bound to one in a mount namespace of
// our own, before the rights go.
Result<> become_build_user_at(const char* place) {
  // By way of the working directory: a descriptor would still belong to the old namespace.
  if (::fchdir(3) < 0 || ::unshare(CLONE_NEWNS) < 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
      ::mount(".", place, nullptr, MS_BIND, nullptr) < 0 || ::chdir(place) < 0) {
    return fail_syscall("mount namespace", errno);
  }
  if (::setgroups(0, nullptr) < 0 || ::setgid(kBuildUid) < 0 || ::setuid(kBuildUid) < 0) {
    return fail_syscall("setuid", errno);
  }
  return {};
}

Result<std::string> fetch_task(const Arguments& arguments) {
  if (arguments.size() != 3) return fail(Errc::internal, "fetch-git: wrong arguments");
  const std::string input = TRY(read_all(0, 4 << 20));
  const SshAccess access = SshAccess::parse(input);
  TRY(become_build_user_at("/mnt"));
  return fetch_tree(
      {arguments[0], arguments[1], arguments[2], "/mnt", access.known_hosts, access.private_key});
}

Result<std::string> input_task(const InputTask& task) {
  const std::string input = TRY(read_all(0, 16 << 20));
  return task(input);
}

Result<std::string> host_key_task(const Arguments& arguments) {
  if (arguments.size() != 2) return fail(Errc::internal, "host-key: wrong arguments");
  ::setenv("HOME", "/nonexistent", 1);
  return ask_host_key(arguments[0], static_cast<std::uint16_t>(number(arguments[1])));
}

}  // namespace

void confine_worker() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::umask(022);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, 256);
  limit(RLIMIT_CPU, 20 * 60);
#ifndef __SANITIZE_ADDRESS__
  limit(RLIMIT_DATA, 2UL << 30);
#endif
  std::setlocale(LC_ALL, "C.UTF-8");
}

int worker_main(int argc, char** argv, const std::map<std::string, InputTask>& more) {
  if (argc < 2) return 2;
  const std::string task = argv[1];
  const Arguments arguments(argv + 2, argv + argc);
  if (task == "install-layer") return answer(3, install_layer_task(arguments));
  confine_worker();
  if (task == "unpack") return answer(4, unpack_task(arguments));
  if (task == "release-yaml") return answer(3, release_task());
  if (task == "copy-tree") return answer(4, copy_task(arguments));
  // Without the way out of main: libgit2 leaves its regular expressions behind, which a leak
  // checker would call an error.
  if (task == "fetch-git") ::_exit(answer(4, fetch_task(arguments)));
  if (task == "host-key") ::_exit(answer(3, host_key_task(arguments)));
  if (const auto found = more.find(task); found != more.end()) {
    return answer(3, input_task(found->second));
  }
  return 2;
}

}  // namespace dokku::buildstep
