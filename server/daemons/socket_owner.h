// Unix sockets of daemons: connecting, and which process listens (SO_PEERCRED).
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::server {

// unavailable: nobody listens there.
Result<UniqueFd> connect_to(const std::filesystem::path& socket);
Result<pid_t> owner_of(const std::filesystem::path& socket);

}  // namespace dokku::server
