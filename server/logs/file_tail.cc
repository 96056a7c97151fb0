#include "server/logs/file_tail.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/io.h"

namespace dokku::server {
namespace {

constexpr std::size_t kBlockBytes = 64 << 10;

// An invalid one where there is no regular file.
UniqueFd open_plain(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  const bool plain = fd.valid() && ::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode);
  return plain ? std::move(fd) : UniqueFd();
}

struct Place {
  off_t offset = 0;
  std::size_t lines = 0;
};

// Where the last `wanted` lines of the file begin, and how many there are.
Place last_lines(int fd, std::size_t wanted) {
  Place place{::lseek(fd, 0, SEEK_END), 0};
  const off_t size = place.offset;
  std::string block(kBlockBytes, '\0');
  while (place.offset > 0) {
    const auto take = std::min<off_t>(place.offset, static_cast<off_t>(block.size()));
    const off_t from = place.offset - take;
    const ssize_t got = ::pread(fd, block.data(), static_cast<std::size_t>(take), from);
    if (got != take) return {size, 0};
    for (off_t i = take; i > 0; --i) {
      if (block[static_cast<std::size_t>(i - 1)] != '\n') continue;
      const off_t next = from + i;  // a line begins behind a newline, unless the file ends there
      if (next == size) continue;
      if (++place.lines == wanted) return {next, wanted};
    }
    place.offset = from;
  }
  if (size > 0) ++place.lines;
  return place;
}

}  // namespace

Result<FileTail> FileTail::open(const TailQuery& query) {
  FileTail tail(query);
  if (query.follow) TRY(tail.watch());
  TRY(tail.begin());
  return tail;
}

Result<> FileTail::watch() {
  events_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events_.valid()) return fail(Errc::unavailable, "no more files can be watched");
  const std::filesystem::path folder = query_.file.parent_path();
  constexpr std::uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO;
  if (::inotify_add_watch(events_.get(), folder.c_str(), kEvents) < 0) {
    return fail_syscall("watch " + folder.string(), errno);
  }
  return {};
}

Result<> FileTail::begin() {
  file_ = open_plain(query_.file);
  std::size_t found = 0;
  if (file_.valid()) {
    const Place place =
        query_.lines == 0 ? Place{::lseek(file_.get(), 0, SEEK_END), 0}
                          : last_lines(file_.get(), query_.lines);
    ::lseek(file_.get(), place.offset, SEEK_SET);
    found = place.lines;
  }
  if (found >= query_.lines) return {};
  std::filesystem::path older = query_.file;
  older += ".1";
  const UniqueFd old = open_plain(older);
  if (!old.valid()) return {};
  ::lseek(old.get(), last_lines(old.get(), query_.lines - found).offset, SEEK_SET);
  std::string text = TRY(read_all(old.get(), std::size_t{64} << 20));
  buffer_ = std::move(text);
  return {};
}

// False: nothing more is there now.
bool FileTail::fill() {
  if (!file_.valid()) file_ = open_plain(query_.file);
  if (!file_.valid()) return false;
  std::string block(kBlockBytes, '\0');
  const ssize_t got = ::read(file_.get(), block.data(), block.size());
  if (got > 0) {
    buffer_.append(block, 0, static_cast<std::size_t>(got));
    return true;
  }
  if (moved()) {
    file_ = open_plain(query_.file);
    return file_.valid();
  }
  return begin_again_if_cut();
}

// What was there went to FILE.1, and the writer goes on at the beginning.
bool FileTail::begin_again_if_cut() {
  struct stat ours {};
  const off_t at = ::lseek(file_.get(), 0, SEEK_CUR);
  if (::fstat(file_.get(), &ours) < 0 || ours.st_size >= at) return false;
  ::lseek(file_.get(), 0, SEEK_SET);
  return true;
}

bool FileTail::moved() const {
  struct stat ours {};
  struct stat there {};
  if (::fstat(file_.get(), &ours) < 0 || ::lstat(query_.file.c_str(), &there) < 0) return false;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

Result<> FileTail::read(const std::function<bool(std::string_view)>& on_line) {
  std::array<char, 4096> ignored;
  while (events_.valid() && ::read(events_.get(), ignored.data(), ignored.size()) > 0) {
  }
  std::size_t at = 0;
  bool wanted = true;
  while (wanted) {
    const std::size_t end = buffer_.find('\n', at);
    if (end == std::string::npos) {
      buffer_.erase(0, std::exchange(at, 0));
      if (!fill()) return {};
      continue;
    }
    wanted = on_line(std::string_view(buffer_).substr(at, end - at));
    at = end + 1;
  }
  buffer_.erase(0, at);
  return {};
}

}  // namespace dokku::server
