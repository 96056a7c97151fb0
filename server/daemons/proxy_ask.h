// Asks the running proxy to let the program on disk take over, and hears how that went.
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "base/result.h"

namespace dokku::server {

// Blocks until the new program serves. unavailable: the old one serves on, and says why; or there
// is none. timed_out.
Result<> upgrade_proxy(const std::filesystem::path& control_socket, Duration limit);

}  // namespace dokku::server
