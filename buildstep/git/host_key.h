// The key by which an ssh server shows who it is, asked for by libgit2 and libssh2.
//
// Runs in a worker under the build user: it speaks to a stranger. What it answers is the stranger's
// word; trusting it is the caller's decision (git:allow-host).
// Errors: unavailable (no ssh server answers there).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

// As it is on the wire (RFC 4253 §6.6): a string with its type, then what the type says.
Result<std::string> ask_host_key(const std::string& host, std::uint16_t port);

}  // namespace dokku::buildstep
