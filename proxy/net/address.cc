#include "proxy/net/address.h"

#include <arpa/inet.h>

#include <cstring>

namespace dokku::proxy::net {

Result<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  Address address;
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.v6_, &v4, sizeof v4);
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &address.v6_.sin6_addr) == 1) {
    address.v6_.sin6_family = AF_INET6;
    address.v6_.sin6_port = htons(port);
    return address;
  }
  return fail(Errc::invalid_argument, "not an IP address: \"" + text + "\"");
}

Address Address::from(const sockaddr_storage& storage) {
  Address address;
  std::memcpy(&address.v6_, &storage, sizeof address.v6_);
  if (storage.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.v6_.sin6_addr)) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = address.v6_.sin6_port;
    std::memcpy(&v4.sin_addr, &address.v6_.sin6_addr.s6_addr[12], 4);
    std::memcpy(&address.v6_, &v4, sizeof v4);
  }
  return address;
}

void Address::append_ip(std::string& out) const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &v6_, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, &v6_.sin6_addr, text, sizeof text);
  }
  out += text;
}

std::string Address::ip() const {
  std::string out;
  append_ip(out);
  return out;
}

std::string Address::text() const {
  const std::string host = family() == AF_INET6 ? "[" + ip() + "]" : ip();
  return host + ":" + std::to_string(port());
}

}  // namespace dokku::proxy::net
