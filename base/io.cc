#include "base/io.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace dokku {

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return fail_syscall("pipe2", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) {
    Error error = Error::syscall("open " + path.string(), errno);
    if (errno == ENOENT) return Fail(Error(Errc::not_found, error.message()));
    return Fail(std::move(error));
  }
  return UniqueFd(fd);
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return fail_syscall("write", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<std::size_t> read_some(int fd, char* into, std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(fd, into, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail_syscall("read", errno);
  }
}

Result<std::string> read_all(int fd, std::size_t bytes_max) {
  std::string all;
  std::array<char, 16384> piece{};
  for (;;) {
    const std::size_t got = TRY(read_some(fd, piece.data(), piece.size()));
    if (got == 0) return all;
    if (all.size() + got > bytes_max) {
      return fail(Errc::limit_exceeded, "more than " + std::to_string(bytes_max) + " bytes");
    }
    all.append(piece.data(), got);
  }
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  UniqueFd fd = TRY(open_file(path, O_RDONLY));
  Result<std::string> text = read_all(fd.get(), bytes_max);
  if (!text) return Fail(std::move(text).error().while_(path.string()));
  return text;
}

}  // namespace dokku
