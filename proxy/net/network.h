// Network: addresses that begin alike: "10.0.0.0/8", "fd00::/8", or a single one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "proxy/net/address.h"

namespace dokku::proxy::net {

class Network {
 public:
  // invalid_argument: no address, or more bits than it has.
  static Result<Network> parse(std::string_view text);
  bool contains(const Address& address) const;

 private:
  int family_ = 0;
  unsigned bits_ = 0;
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace dokku::proxy::net
