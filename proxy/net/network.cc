#include "proxy/net/network.h"

#include <charconv>
#include <cstring>

namespace dokku::proxy::net {
namespace {

std::array<std::uint8_t, 16> bytes_of(const Address& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (address.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
    std::memcpy(bytes.data(), &v4->sin_addr, 4);
  } else {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.get());
    std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
  }
  return bytes;
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const Address address = TRY(Address::parse(text.substr(0, slash), 0));
  Network network;
  network.family_ = address.family();
  network.bits_ = network.family_ == AF_INET ? 32 : 128;
  network.bytes_ = bytes_of(address);
  if (slash == text.npos) return network;
  const std::string_view bits = text.substr(slash + 1);
  unsigned count = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
  if (error != std::errc() || end != bits.data() + bits.size() || count > network.bits_) {
    return fail(Errc::invalid_argument, "not a network: \"" + std::string(text) + "\"");
  }
  network.bits_ = count;
  return network;
}

bool Network::contains(const Address& address) const {
  if (address.family() != family_) return false;
  const auto bytes = bytes_of(address);
  const std::size_t whole = bits_ / 8;
  if (std::memcmp(bytes.data(), bytes_.data(), whole) != 0) return false;
  if (bits_ % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> (bits_ % 8));
  return ((bytes[whole] ^ bytes_[whole]) & mask) == 0;
}

}  // namespace dokku::proxy::net
