#include "proxy/net/listen.h"

#include <netinet/tcp.h>

#include <cerrno>

namespace dokku::proxy::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn

Fail cannot_listen(const Address& address, int err) {
  const std::string what =
      "listen on " + address.text() + ": " + std::generic_category().message(err);
  if (err == EADDRINUSE) return fail(Errc::conflict, what);
  if (err == EACCES) return fail(Errc::permission_denied, what);
  return fail(Errc::unavailable, what);
}

Result<UniqueFd> bound(const Address& address, bool shared) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return cannot_listen(address, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted ones inherit it
  if (shared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd.get(), address.get(), address.size()) < 0) return cannot_listen(address, errno);
  return fd;
}

}  // namespace

Result<std::vector<UniqueFd>> listen_on(const Address& address, std::size_t sockets) {
  {
    // Alone first: this one finds out whether anybody else listens here.
    UniqueFd probe = TRY(bound(address, /*shared=*/false));
    if (::listen(probe.get(), 1) < 0) return cannot_listen(address, errno);
  }
  std::vector<UniqueFd> all;
  for (std::size_t i = 0; i < sockets; ++i) {
    UniqueFd fd = TRY(bound(address, /*shared=*/true));
    if (::listen(fd.get(), kBacklog) < 0) return cannot_listen(address, errno);
    all.push_back(std::move(fd));
  }
  return all;
}

}  // namespace dokku::proxy::net
