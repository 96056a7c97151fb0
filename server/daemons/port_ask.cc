#include "server/daemons/port_ask.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace dokku::server {

namespace {

// The kernel's own answer to a connection on the loopback; a full queue is as good as nobody.
constexpr int kPatienceMs = 1000;

bool becomes_connected(int socket) {
  pollfd wait{socket, POLLOUT, 0};
  if (::poll(&wait, 1, kPatienceMs) != 1) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

bool port_answers(std::uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return true;
  }
  return errno == EINPROGRESS && becomes_connected(socket.get());
}

}  // namespace dokku::server
