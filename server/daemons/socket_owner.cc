#include "server/daemons/socket_owner.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace dokku::server {

Result<UniqueFd> connect_to(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof address.sun_path) {
    return fail(Errc::invalid_argument, "the socket's path is too long: " + socket.string());
  }
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size() + 1);
  UniqueFd connected(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connected.valid()) return fail_syscall("socket", errno);
  // A full queue counts as nobody: one that hangs must not hold us.
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(connected.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    return fail(Errc::unavailable, "nobody answers on " + socket.string() + ": " +
                                       std::generic_category().message(errno));
  }
  return connected;
}

Result<pid_t> owner_of(const std::filesystem::path& socket) {
  const UniqueFd connected = TRY(connect_to(socket));
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connected.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
    return fail_syscall("SO_PEERCRED", errno);
  }
  return peer.pid;
}

}  // namespace dokku::server
