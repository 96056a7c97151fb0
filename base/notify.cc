#include "base/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace dokku {

Result<> notify(std::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return {};
  const std::size_t length = std::strlen(path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (length >= sizeof address.sun_path) {
    return fail(Errc::invalid_argument, "NOTIFY_SOCKET is too long");
  }
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // a name without a file
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_syscall("socket", errno);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const ssize_t sent = ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), size);
  return sent < 0 ? Result<>(fail_syscall("telling the service manager", errno)) : Result<>();
}

std::optional<Duration> watchdog_period() {
  const char* const text = std::getenv("WATCHDOG_USEC");
  const char* const whose = std::getenv("WATCHDOG_PID");
  if (text == nullptr) return std::nullopt;
  if (whose != nullptr && std::to_string(::getpid()) != whose) return std::nullopt;
  std::int64_t microseconds = 0;
  const char* const end = text + std::strlen(text);
  const auto [read, error] = std::from_chars(text, end, microseconds);
  if (error != std::errc() || read != end || microseconds <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace dokku
