// Opens the listening sockets of one address: one per worker, spread by the kernel (SO_REUSEPORT).
//
// The parent keeps them all for as long as the address is served and passes the very same sockets
// to each worker: a socket closed with connections in its queue would reset them.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/net/address.h"

namespace dokku::proxy::net {

// conflict: another socket listens there (also one of another proxy of the same user, which
// SO_REUSEPORT alone would let in). permission_denied: a port below 1024 without the capability.
Result<std::vector<UniqueFd>> listen_on(const Address& address, std::size_t sockets);

}  // namespace dokku::proxy::net
