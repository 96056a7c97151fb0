#include "server/platform/repository.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <system_error>

#include "base/io.h"
#include "base/process.h"

namespace dokku::server {
namespace {

constexpr std::size_t kHeadMax = 4096;

struct SshUser {
  uid_t uid;
  gid_t gid;
};

Result<SshUser> ssh_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> strings{};
  ::getpwnam_r(name.c_str(), &entry, strings.data(), strings.size(), &found);
  if (found == nullptr) return fail(Errc::internal, "There is no user " + name + " on this server");
  return SshUser{entry.pw_uid, entry.pw_gid};
}

Result<ProcessSpec> git_spec(const Instance& instance, const std::vector<std::string>& arguments) {
  const SshUser user = TRY(ssh_user(instance.user));
  ProcessSpec git;
  git.program = kGitProgram;
  git.arguments = {"git"};
  git.arguments.insert(git.arguments.end(), arguments.begin(), arguments.end());
  git.environment = git_environment();
  git.uid = user.uid;
  git.gid = user.gid;
  return git;
}

// False: git says no.
Result<bool> run_git(const Instance& instance, const std::vector<std::string>& arguments) {
  const ProcessSpec git = TRY(git_spec(instance, arguments));
  Process process = TRY(Process::start(git));
  const ExitStatus ended = TRY(process.wait());
  return ended.ok();
}

bool is_there(const std::filesystem::path& repository) {
  std::error_code ignored;
  return std::filesystem::exists(repository / "HEAD", ignored);
}

}  // namespace

std::vector<std::string> git_environment() {
  return {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME=/nonexistent"};
}

std::filesystem::path repository_path(const Instance& instance, const AppName& app) {
  return instance.git_dir() / (app.str() + ".git");
}

Result<> ensure_repository(const Instance& instance, const AppName& app) {
  const std::filesystem::path path = repository_path(instance, app);
  if (is_there(path)) return {};
  const bool made = TRY(run_git(instance, {"init", "--quiet", "--bare",
                                           "--template=", "--initial-branch=main", path.string()}));
  if (!made) return fail(Errc::internal, "The repository " + path.string() + " was not made");
  return {};
}

Result<> point_head(const Instance& instance, const AppName& app, const std::string& ref) {
  const std::filesystem::path path = repository_path(instance, app);
  // The folder is another user's: no link is followed, and no FIFO waited for.
  const UniqueFd file = TRY(open_file(path / "HEAD", O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  const std::string head = TRY(read_all(file.get(), kHeadMax));
  if (head == "ref: " + ref + "\n") return {};
  const bool done =
      TRY(run_git(instance, {"--git-dir", path.string(), "symbolic-ref", "HEAD", ref}));
  if (done) return {};
  return fail(Errc::internal, "git symbolic-ref failed");
}

Result<> copy_repository(const Instance& instance, const AppName& from, const AppName& to) {
  const std::filesystem::path old = repository_path(instance, from);
  if (!is_there(old)) return {};
  const std::filesystem::path fresh = repository_path(instance, to);
  const bool copied = TRY(run_git(instance, {"clone", "--quiet", "--bare", "--no-hardlinks",
                                             "--template=", old.string(), fresh.string()}));
  if (copied) return {};
  return fail(Errc::internal, "The repository of " + from.str() + " was not copied to " + to.str() +
                                  "\nPush to " + to.str() + " to fill it");
}

Result<> bundle_repository(const Instance& instance, const AppName& app,
                           const std::function<Result<>(std::string_view)>& take) {
  constexpr std::size_t kPiece = 256 << 10;
  const std::filesystem::path path = repository_path(instance, app);
  if (!is_there(path)) return {};
  const bool any = TRY(run_git(instance, {"--git-dir", path.string(), "show-ref", "--quiet"}));
  if (!any) return {};
  Pipe pipe = TRY(make_pipe());
  ProcessSpec git = TRY(git_spec(
      instance, {"--git-dir", path.string(), "bundle", "create", "--quiet", "-", "--all"}));
  git.stdout_fd = pipe.write.get();
  Process process = TRY(Process::start(git));
  pipe.write.reset();
  std::string piece(kPiece, '\0');
  for (;;) {
    const std::size_t got = TRY(read_some(pipe.read.get(), piece.data(), piece.size()));
    if (got == 0) break;
    TRY(take(std::string_view(piece).substr(0, got)));
  }
  const ExitStatus ended = TRY(process.wait());
  if (ended.ok()) return {};
  return fail(Errc::internal, "git could not read the repository of " + app.str());
}

Result<> fill_repository(const Instance& instance, const AppName& app,
                         const std::filesystem::path& bundle) {
  const SshUser user = TRY(ssh_user(instance.user));
  const UniqueFd file = TRY(open_file(bundle, O_RDONLY | O_NOFOLLOW));
  if (::fchown(file.get(), user.uid, user.gid) != 0) return fail_syscall("chown", errno);
  TRY(ensure_repository(instance, app));
  const bool filled =
      TRY(run_git(instance, {"--git-dir", repository_path(instance, app).string(), "fetch",
                             "--quiet", "--no-write-fetch-head", bundle.string(),
                             "+refs/*:refs/*"}));
  if (filled) return {};
  return fail(Errc::internal, "The repository of " + app.str() +
                                  " was not filled\nPush to " + app.str() + " to fill it");
}

}  // namespace dokku::server
