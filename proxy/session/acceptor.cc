#include "proxy/session/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include <cerrno>
#include <string_view>
#include <utility>

namespace dokku::proxy::session {
namespace {

constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
    "Connection: close\r\n\r\n";

// Any descriptor will do; this one can be had without a file.
UniqueFd spare_descriptor(const UniqueFd& like) {
  return UniqueFd(::fcntl(like.get(), F_DUPFD_CLOEXEC, 0));
}

void answer_busy(const UniqueFd& fd) {
  // What has been read does not make the kernel reset the connection, and our answer with it.
  std::array<char, 4096> ignored;
  [[maybe_unused]] ssize_t done = ::recv(fd.get(), ignored.data(), ignored.size(), 0);
  done = ::send(fd.get(), kBusy.data(), kBusy.size(), MSG_NOSIGNAL);
  ::shutdown(fd.get(), SHUT_WR);
}

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::create(Context& context, UniqueFd listener, Kind kind) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size) < 0) {
    return fail_syscall("getsockname", errno);
  }
  auto info = std::make_shared<ListenerInfo>();
  info->own = kind.own;
  info->tls = kind.tls;
  info->port = net::Address::from(name).port();
  info->port_text = std::to_string(info->port);
  std::unique_ptr<Acceptor> acceptor(new Acceptor(context, std::move(listener), std::move(info)));
  acceptor->spare_ = spare_descriptor(acceptor->listener_);
  TRY(context.loop.watch(acceptor->listener_.get(), *acceptor));
  return acceptor;
}

// The parent, and perhaps a newer program, hold the same socket.
Acceptor::~Acceptor() { context_.loop.unwatch(listener_.get()); }

void Acceptor::on_events(std::uint32_t) {
  for (int i = 0; i < context_.limits.accepts_per_turn; ++i) {
    if (!take_one()) return;
  }
  context_.loop.again(*this);
}

void Acceptor::take_all() {
  while (take_one()) {
  }
}

// False: nobody is waiting.
bool Acceptor::take_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  UniqueFd fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) {
    if (errno == EMFILE || errno == ENFILE) return turn_away();
    // Connections that died in the queue are nobody's trouble.
    return errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
  }
  if (context_.clients.size() >= context_.clients_max) {
    context_.turned_away("too many connections");
    answer_busy(fd);
    return true;
  }
  ++context_.counters.connections;
  ClientConnection& client = context_.clients.add(
      std::make_unique<ClientConnection>(context_, std::move(fd), net::Address::from(peer), info_));
  client.start();
  return true;
}

// False: not even that was possible; the next arrival tries again.
bool Acceptor::turn_away() {
  context_.turned_away("out of file descriptors");
  spare_.reset();
  UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) answer_busy(fd);
  const bool answered = fd.valid();
  fd.reset();
  spare_ = spare_descriptor(listener_);
  return answered;
}

}  // namespace dokku::proxy::session
