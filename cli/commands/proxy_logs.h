// What the proxy wrote down of an app's requests: for proxy:logs, nginx:access-logs and
// nginx:error-logs.
#pragma once

#include <string>

#include "cli/commands/arguments.h"
#include "server/deploy/access_logs.h"

namespace dokku::cli {

// A command that shows the file of `kind`, with -t and -n.
Command proxy_log_command(std::string name, server::AccessLogKind kind, Missing missing,
                          std::string description);

}  // namespace dokku::cli
