#include "cli/commands/help.h"

namespace dokku::cli {

std::string_view version_number() { return "0.2.0"; }

}  // namespace dokku::cli
