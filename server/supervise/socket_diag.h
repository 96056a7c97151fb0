// Listening sockets of a process' network namespace, asked of the kernel over netlink.
//
// sock_diag(7), with a filter for listening sockets: the kernel then looks at its table of those
// alone. /proc/net/tcp costs milliseconds on a machine with much memory, since it walks the table
// of all connections, of which such a machine has room for many. Threads: any; the calling thread
// is in the other namespace for an instant.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace dokku::server {

struct Listener {
  std::uint16_t port = 0;
  bool loopback = false;
  friend auto operator<=>(const Listener&, const Listener&) = default;
};

// not_found: no such process, or a kernel without sock_diag. permission_denied: not root.
Result<std::vector<Listener>> listeners_of(pid_t pid);

}  // namespace dokku::server
