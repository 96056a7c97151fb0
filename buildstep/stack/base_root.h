// Makes the stack's base: a Debian root by mmdebstrap, with the user, places and locales of ours.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

// `root` must not exist. Takes 15 s to a minute and needs the network. Runs as root.
// unavailable: the message names the cause and what to do.
Result<> make_base_root(const std::filesystem::path& root, const std::string& suite,
                        const std::filesystem::path& log);

}  // namespace dokku::buildstep
