#include "server/daemons/port_ask.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/unique_fd.h"

namespace dokku::server {

namespace {

// The kernel's own answer to a connection on the loopback; a full queue is as good as nobody.
constexpr int kPatienceMs = 1000;
constexpr int kAnswerPatienceMs = 3000;

bool becomes_connected(int socket) {
  pollfd wait{socket, POLLOUT, 0};
  if (::poll(&wait, 1, kPatienceMs) != 1) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// Invalid: nobody accepts.
UniqueFd connected_to(std::uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  if (errno == EINPROGRESS && becomes_connected(socket.get())) return socket;
  return UniqueFd();
}

}  // namespace

bool port_answers(std::uint16_t port) { return connected_to(port).valid(); }

bool port_serves_http(std::uint16_t port) {
  constexpr std::string_view kRequest =
      "GET / HTTP/1.1\r\nHost: nobody.invalid\r\nConnection: close\r\n\r\n";
  constexpr std::string_view kAnswer = "HTTP/1.1 ";
  const UniqueFd socket = connected_to(port);
  if (!socket.valid()) return false;
  if (::send(socket.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(kRequest.size())) {
    return false;
  }
  pollfd wait{socket.get(), POLLIN, 0};
  std::array<char, 512> answer{};
  if (::poll(&wait, 1, kAnswerPatienceMs) != 1) return false;
  const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), 0);
  return got > 0 &&
         std::string_view(answer.data(), static_cast<std::size_t>(got)).starts_with(kAnswer);
}

}  // namespace dokku::server
