// PortMap: one way into an app: "http:80:5000" is port 80 of the host, plain HTTP, to port 5000 of
// the app.
//
// 80 and 443 stand for the instance's own two ports, which need not be 80 and 443 where several
// instances live side by side.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::server {

enum class PortScheme { http, https, grpc, grpcs };
std::string_view name_of(PortScheme scheme);
constexpr bool needs_certificate(PortScheme scheme) {
  return scheme == PortScheme::https || scheme == PortScheme::grpcs;
}

inline constexpr std::uint16_t kHttpPort = 80;
inline constexpr std::uint16_t kHttpsPort = 443;

struct PortMap {
  PortScheme scheme = PortScheme::http;
  std::uint16_t host = 0;
  std::uint16_t container = 0;

  // invalid_argument, in Dokku's words: "Invalid port map X [len=2]".
  static Result<PortMap> parse(const std::string& text);
  std::string text() const;
  friend auto operator<=>(const PortMap&, const PortMap&) = default;
};

// Words apart by spaces; what is none is left out (it was checked when it was stored).
std::vector<PortMap> parse_port_maps(std::string_view text);
std::string port_maps_text(const std::vector<PortMap>& maps);

// conflict: a port of the host is named twice.
Result<> check_port_maps(const std::vector<PortMap>& maps);

}  // namespace dokku::server
