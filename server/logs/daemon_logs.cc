#include "server/logs/daemon_logs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/io.h"
#include "base/unique_fd.h"

namespace dokku::server {
namespace {

constexpr std::size_t kPiece = 256 << 10;

// The end of `from`, from a line's beginning on.
Result<> copy_end(int from, off_t begin, int to) {
  std::string piece(kPiece, '\0');
  bool at_line = begin == 0;
  for (off_t at = begin;;) {
    const ssize_t got = ::pread(from, piece.data(), piece.size(), at);
    if (got < 0) return fail_syscall("read", errno);
    if (got == 0) return {};
    at += got;
    std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    if (!at_line) {
      const std::size_t newline = bytes.find('\n');
      if (newline == std::string_view::npos) continue;
      bytes.remove_prefix(newline + 1);
      at_line = true;
    }
    TRY(write_all(to, bytes));
  }
}

Result<> keep_end(int file, off_t begin, const std::filesystem::path& older) {
  const UniqueFd kept = TRY(open_file(older, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0640));
  return copy_end(file, begin, kept.get());
}

}  // namespace

std::vector<DaemonLog> daemon_logs(const std::filesystem::path& folder,
                                   const std::vector<DaemonLog>& more) {
  std::vector<DaemonLog> logs = more;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) {
    if (entry.path().extension() != ".log") continue;
    logs.push_back({entry.path().stem().string(), entry.path()});
  }
  std::erase_if(logs,
                [&](const DaemonLog& log) { return !std::filesystem::exists(log.file, missing); });
  std::sort(logs.begin(), logs.end(),
            [](const DaemonLog& a, const DaemonLog& b) { return a.program < b.program; });
  return logs;
}

Result<> cut_daemon_log(const DaemonLog& log, std::uint64_t bytes_max) {
  struct stat seen {};
  const UniqueFd file(::open(log.file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || ::fstat(file.get(), &seen) < 0 || !S_ISREG(seen.st_mode)) return {};
  if (static_cast<std::uint64_t>(seen.st_size) <= bytes_max) return {};
  std::filesystem::path older = log.file;
  older += ".1";
  ::unlink(older.c_str());
  const Result<> kept =
      keep_end(file.get(), seen.st_size - static_cast<off_t>(bytes_max / 2), older);
  if (!kept) ::unlink(older.c_str());
  if (::ftruncate(file.get(), 0) < 0) return fail_syscall("cut " + log.file.string(), errno);
  return {};
}

}  // namespace dokku::server
