// Whether a containerd answers at a socket. Internal to this folder. Threads: any.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace dokku::runtime {

class Channel;

// "1.6.20~ds1"; unavailable: nothing answers. Waits a second at most: a person does, too.
Result<std::string> version_of(const Channel& channel);

// By a real call, since a socket that accepts does not yet serve. Waits at most `limit`, also for
// the socket to appear.
bool containerd_answers(const std::filesystem::path& socket, Duration limit);

}  // namespace dokku::runtime
