#include "server/platform/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "base/unique_fd.h"
#include "server/model/app_name.h"
#include "server/model/domain.h"

namespace dokku::server {
namespace {

// Documentation addresses (RFC 5737, 3849): the kernel chooses a route and so our own address.
constexpr const char* kFarAway4 = "192.0.2.1";

bool can_bind(int family, const sockaddr* address, socklen_t size) {
  const UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno == EAFNOSUPPORT;  // no IPv6 here: nobody listens on it
  const int one = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (family == AF_INET6) {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  }
  return ::bind(socket.get(), address, size) == 0 && ::listen(socket.get(), 1) == 0;
}

}  // namespace

std::string outward_address() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in far{};
  far.sin_family = AF_INET;
  far.sin_port = htons(9);
  ::inet_pton(AF_INET, kFarAway4, &far.sin_addr);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (!socket.valid() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&far), sizeof far) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0 ||
      ::inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size()) == nullptr) {
    return "127.0.0.1";
  }
  return text.data();
}

bool port_is_free(std::uint16_t port) {
  sockaddr_in any4{};
  any4.sin_family = AF_INET;
  any4.sin_port = htons(port);
  sockaddr_in6 any6{};
  any6.sin6_family = AF_INET6;
  any6.sin6_port = htons(port);
  return can_bind(AF_INET, reinterpret_cast<const sockaddr*>(&any4), sizeof any4) &&
         can_bind(AF_INET6, reinterpret_cast<const sockaddr*>(&any6), sizeof any6);
}

Result<> check_host(std::string_view host) {
  const std::string text(host);
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return {};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) return {};
  const Result<Domain> name = Domain::parse(host);
  if (name && !name->wildcard() && name->str() != "_") return {};
  return fail(Errc::invalid_argument, printable(host) + " is no address and no host name");
}

}  // namespace dokku::server
