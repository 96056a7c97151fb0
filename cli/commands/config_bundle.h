// Config as a tar, one file per key, as `config:bundle` writes it.
#pragma once

#include <string>

#include "server/model/config.h"

namespace dokku::cli {

// Equal values give equal bytes: owner 0, mode 0600, time 0. Format: POSIX ustar; a key that is too
// long for its name field gets a pax header.
std::string config_bundle(const server::ConfigValues& values);

}  // namespace dokku::cli
