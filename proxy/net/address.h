// Address: an IPv4 or IPv6 address with a port, ready for bind and connect. No names, no resolver.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::proxy::net {

class Address {
 public:
  // `ip` is a literal without brackets. invalid_argument: it is not.
  static Result<Address> parse(std::string_view ip, std::uint16_t port);
  // Of what accept4 or getsockname filled in; IPv4 in IPv6 clothes becomes plain IPv4.
  static Address from(const sockaddr_storage& storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&v6_); }
  socklen_t size() const { return family() == AF_INET ? sizeof(sockaddr_in) : sizeof v6_; }
  int family() const { return v6_.sin6_family; }
  std::uint16_t port() const { return ntohs(v6_.sin6_port); }  // the same place in both kinds
  Address with_port(std::uint16_t port) const {
    Address other = *this;
    other.v6_.sin6_port = htons(port);
    return other;
  }
  std::string ip() const;
  // "1.2.3.4:80", "[::1]:80"
  std::string text() const;
  // Appends what ip() returns.
  void append_ip(std::string& out) const;

 private:
  // Large enough for both; sockaddr_in shares the first four bytes.
  sockaddr_in6 v6_{};
};

}  // namespace dokku::proxy::net
