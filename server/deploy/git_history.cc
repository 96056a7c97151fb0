#include "server/deploy/git_history.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>
#include <sstream>

#include "base/disk.h"
#include "base/io.h"
#include "base/process.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGit = "/usr/bin/git";
constexpr const char* kFlock = "/usr/bin/flock";
constexpr std::size_t kRefsMax = 4 << 20;

struct Repository {
  fs::path path;
  UniqueFd folder;  // locked
  uid_t uid = 0;
  gid_t gid = 0;
};

Result<Repository> lock(const fs::path& path) {
  UniqueFd folder = TRY(open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  Repository repository{path, std::move(folder)};
  struct stat seen {};
  if (::fstat(repository.folder.get(), &seen) < 0) return fail_syscall("stat", errno);
  repository.uid = seen.st_uid;
  repository.gid = seen.st_gid;
  if (::flock(repository.folder.get(), LOCK_EX | LOCK_NB) < 0) {
    return fail(Errc::conflict, path.string() + " is being pushed to or fetched from");
  }
  return repository;
}

// As the user that owns it. Returns what git printed; internal: it failed.
Result<std::string> git(const Repository& repository, std::vector<std::string> words) {
  Pipe pipe = TRY(make_pipe());
  ProcessSpec spec;
  spec.program = kGit;
  spec.arguments = {"git", "--git-dir", repository.path.string()};
  spec.arguments.insert(spec.arguments.end(), words.begin(), words.end());
  spec.environment = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME=/nonexistent"};
  spec.stdout_fd = pipe.write.get();
  spec.uid = repository.uid;
  spec.gid = repository.gid;
  Process process = TRY(Process::start(spec));
  pipe.write.reset();
  std::string printed = TRY(read_all(pipe.read.get(), kRefsMax));
  const ExitStatus ended = TRY(process.wait());
  if (!ended.ok()) {
    return fail(Errc::internal, "git " + words.front() + " failed in " + repository.path.string());
  }
  return printed;
}

// The commits behind branches and tags, one a line.
Result<std::string> tips(const Repository& repository) {
  const std::string printed =
      TRY(git(repository, {"for-each-ref",
                           "--format=%(if)%(*objectname)%(then)%(*objectname)%(else)"
                           "%(objectname)%(end)"}));
  std::istringstream lines(printed);
  std::set<std::string> commits;
  for (std::string line; std::getline(lines, line);) commits.insert(line);
  std::string text;
  for (const std::string& commit : commits) text += commit + "\n";
  return text;
}

// git reads it at its start: never half of one. The folder is another user's: no link is followed.
Result<> write_shallow(const Repository& repository, const std::string& commits) {
  const int folder = repository.folder.get();
  ::unlinkat(folder, "shallow.new", 0);
  const UniqueFd file(
      ::openat(folder, "shallow.new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return fail_syscall("open shallow.new", errno);
  TRY(write_all(file.get(), commits));
  if (::fchown(file.get(), repository.uid, repository.gid) < 0 || ::fsync(file.get()) < 0 ||
      ::renameat(folder, "shallow.new", folder, "shallow") < 0) {
    return fail_syscall("shallow", errno);
  }
  return {};
}

// Into one pack, without what no ref reaches.
Result<std::uint64_t> repack(const Repository& repository, std::uint64_t before) {
  TRY(git(repository, {"repack", "-a", "-d", "-q"}));
  TRY(git(repository, {"prune", "--expire=now"}));
  const std::uint64_t after = disk_bytes(repository.path);
  return before > after ? before - after : std::uint64_t{0};
}

}  // namespace

Result<std::uint64_t> pack_repository(const fs::path& path) {
  const Repository repository = TRY(lock(path));
  return repack(repository, disk_bytes(path));
}

Result<std::uint64_t> cut_history(const fs::path& path) {
  const Repository repository = TRY(lock(path));
  const std::uint64_t before = disk_bytes(path);
  const std::string commits = TRY(tips(repository));
  if (commits.empty()) return std::uint64_t{0};
  TRY(write_shallow(repository, commits));
  return repack(repository, before);
}

std::vector<std::string> git_lock(const fs::path& repository, std::vector<std::string> argv) {
  std::error_code missing;
  if (!fs::exists(kFlock, missing)) return argv;
  std::vector<std::string> locked{kFlock, "--shared", "--no-fork", repository.string()};
  locked.insert(locked.end(), argv.begin(), argv.end());
  return locked;
}

}  // namespace dokku::server
