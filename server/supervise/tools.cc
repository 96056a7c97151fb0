#include "server/supervise/tools.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "base/io.h"
#include "runtime/digest/sha256.h"

namespace dokku::server {
namespace {

// Starts a process as buildpacks expect it: login files of the stack, then those that packs left
// in the app, in the order of their bytes; one word is a command line, several are the command.
constexpr std::string_view kStartScript = R"script(# Starts a process of the app. Written by dokkud.
cd "${HOME:-/app}" || exit 1
dokku_had=${LC_ALL+x} dokku_was=${LC_ALL-}
LC_ALL=C
shopt -s nullglob
dokku_files=(/etc/profile.d/*.sh .profile.d/*.sh .profile)
shopt -u nullglob
if [[ -n $dokku_had ]]; then LC_ALL=$dokku_was; else unset LC_ALL; fi
for dokku_file in "${dokku_files[@]}"; do
  # `||` also keeps a file's own `set -e` from ending the start; stdin is the command's.
  if [[ -r $dokku_file ]]; then . "$dokku_file" < /dev/null || true; fi
done
unset dokku_had dokku_was dokku_files dokku_file
set +eu
hash -r
if (( $# == 0 )); then exec bash; fi
if (( $# == 1 )); then exec bash -c "$1"; fi
exec "$@"
)script";

constexpr std::string_view kHosts =
    "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

struct File {
  const char* name;
  std::string content;
  unsigned mode;
};

Result<> write_new(const std::filesystem::path& path, const File& file) {
  UniqueFd out = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, file.mode));
  TRY(write_all(out.get(), file.content));
  if (::fchmod(out.get(), file.mode) != 0) return fail_syscall("chmod " + path.string(), errno);
  if (::fsync(out.get()) != 0) return fail_syscall("fsync " + path.string(), errno);
  return {};
}

// A folder appears under its final name only when it is whole.
Result<> fill(const std::filesystem::path& target, const std::array<File, 4>& files) {
  const std::filesystem::path fresh = target.string() + ".new";
  std::error_code ignored;
  std::filesystem::remove_all(fresh, ignored);
  std::error_code failed;
  std::filesystem::create_directories(fresh, failed);
  if (failed) return fail(Errc::internal, "mkdir " + fresh.string() + ": " + failed.message());
  for (const File& file : files) TRY(write_new(fresh / file.name, file));
  if (::chmod(fresh.c_str(), 0755) != 0) return fail_syscall("chmod " + fresh.string(), errno);
  std::filesystem::rename(fresh, target, failed);
  if (failed) return fail(Errc::internal, "rename " + fresh.string() + ": " + failed.message());
  return {};
}

}  // namespace

Result<ContainerTools> install_tools(const std::filesystem::path& programs,
                                    const std::filesystem::path& state_dir) {
  std::string init = TRY(read_file(programs / "dokku-init"));
  std::string log = TRY(read_file(programs / "dokku-log"));
  const std::array<File, 4> files = {
      File{"init", std::move(init), 0755}, File{"log", std::move(log), 0755},
      File{"start", std::string(kStartScript), 0755}, File{"hosts", std::string(kHosts), 0644}};
  runtime::Sha256 hash;
  for (const File& file : files) hash.update(file.content);
  const std::string digest = hash.finish();
  const ContainerTools tools{state_dir / "helpers" / digest.substr(digest.find(':') + 1, 16)};
  std::error_code ignored;
  if (!std::filesystem::exists(tools.directory, ignored)) TRY(fill(tools.directory, files));
  return tools;
}

}  // namespace dokku::server
