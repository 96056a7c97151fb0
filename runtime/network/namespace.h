// A network namespace with a name in the file system, as `ip netns` makes them.
//
// Made on a thread of its own, since a thread that has changed its namespace is of no further use;
// the process as a whole never changes. Threads: any.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"
#include "runtime/network/netlink.h"

namespace dokku::runtime {

struct NewNamespace {
  UniqueFd fd;
  Netlink inside;  // a socket in the namespace
};

// Bind-mounts a fresh namespace at `path` (replacing a stale one): IPv6 on loopback only, and
// unprivileged processes may bind low ports and send pings.
Result<NewNamespace> create_namespace(const std::filesystem::path& path);

bool is_namespace(const std::filesystem::path& path);

// Unmounts and unlinks; what is not there is success. Processes inside keep the namespace alive.
Result<> remove_namespace(const std::filesystem::path& path);

}  // namespace dokku::runtime
