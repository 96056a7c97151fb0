#include "server/supervise/streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/io.h"

namespace dokku::server {
namespace {

// Opened non-blocking because the other end is not there yet.
Result<> make_blocking(const UniqueFd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return fail_syscall("fcntl", errno);
  }
  return {};
}

Result<UniqueFd> open_end(const std::filesystem::path& path, int how) {
  UniqueFd fd = TRY(open_file(path, how | O_NONBLOCK | O_CLOEXEC));
  TRY(make_blocking(fd));
  return fd;
}

bool is_shim(const std::filesystem::path& process) {
  const auto name = read_file(process / "comm");
  return name && name->starts_with("containerd-shim");
}

}  // namespace

Result<StreamFifos> StreamFifos::create(const std::filesystem::path& directory, Wanted wanted) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return fail(Errc::internal, "mkdir " + directory.string() + ": " + failed.message());
  StreamFifos fifos(directory);
  fifos.stdio_.kind = runtime::Stdio::Kind::fifos;
  if (wanted.input) {
    TRY(fifos.make("in", fifos.stdio_.in));
    fifos.hold_ = TRY(open_file(fifos.stdio_.in, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    fifos.ours_.in = TRY(open_end(fifos.stdio_.in, O_WRONLY));
  }
  TRY(fifos.make("out", fifos.stdio_.out));
  fifos.ours_.out = TRY(open_end(fifos.stdio_.out, O_RDONLY));
  if (!wanted.terminal) {
    TRY(fifos.make("err", fifos.stdio_.err));
    fifos.ours_.err = TRY(open_end(fifos.stdio_.err, O_RDONLY));
  }
  return fifos;
}

Result<> StreamFifos::make(const char* name, std::filesystem::path& path) {
  path = directory_ / name;
  if (::mkfifo(path.c_str(), 0600) != 0) return fail_syscall("mkfifo " + path.string(), errno);
  return {};
}

StreamFifos::~StreamFifos() {
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Streams StreamFifos::take() {
  hold_.reset();
  return std::move(ours_);
}

bool has_reader_left(const std::filesystem::path& directory) {
  const std::string prefix = directory.string() + "/";
  std::error_code ignored;
  for (const auto& process : std::filesystem::directory_iterator("/proc", ignored)) {
    std::error_code none;
    for (std::filesystem::directory_iterator fd(process.path() / "fd", none), end; fd != end;
         fd.increment(none)) {
      const auto target = std::filesystem::read_symlink(fd->path(), none);
      if (target.string().starts_with(prefix)) {
        if (!is_shim(process.path())) return true;
        break;
      }
      if (none) none.clear();
    }
  }
  return false;
}

}  // namespace dokku::server
