// Does anybody accept connections on this port of the machine? One connect(2), closed at once.
#pragma once

#include <cstdint>

namespace dokku::server {

bool port_answers(std::uint16_t port);

}  // namespace dokku::server
