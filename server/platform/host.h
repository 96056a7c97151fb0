// What this folder asks of the host: which address leads out, and which ports are free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

// The address that the host uses towards the world (no packet is sent); "127.0.0.1" without one.
std::string outward_address();
// Nothing listens on it, on any address, IPv4 and IPv6.
bool port_is_free(std::uint16_t port);
// An IPv4 or IPv6 literal, or a host name without a wildcard. invalid_argument else.
Result<> check_host(std::string_view host);

}  // namespace dokku::server
