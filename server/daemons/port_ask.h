// Does anybody accept connections on this port of the machine, and does it speak HTTP?
#pragma once

#include <cstdint>

namespace dokku::server {

// One connect(2), closed at once.
bool port_answers(std::uint16_t port);
// One request for a host that nobody has; any answer will do. At most some seconds.
bool port_serves_http(std::uint16_t port);

}  // namespace dokku::server
