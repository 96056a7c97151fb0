// The manual page dokku(1), in troff, made from the registry. Printed by `dokkud --manual`; the
// package installs it as /usr/share/man/man1/dokku.1.
#pragma once

#include <string>

#include "cli/commands/registry.h"

namespace dokku::cli {

std::string manual_page(const Registry& registry);

}  // namespace dokku::cli
