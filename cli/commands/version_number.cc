#include "cli/commands/help.h"

namespace dokku::cli {

// In a file of its own: packaging/deb reads it, and the upgrade tests link another one.
std::string_view version_number() { return "0.1.0"; }

}  // namespace dokku::cli
