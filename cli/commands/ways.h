// What the topics ports, proxy, nginx and certs share: after a change the routes follow.
#pragma once

#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"

namespace dokku::cli {

// Gives the proxy what the store says now; an app that was never deployed has nothing to route.
Result<> follow_ways(Invocation& call, const server::App& app);
// The same, for an app or for all, as the effect of a `:set`.
Result<> follow_ways_of(Invocation& call, const PropertyTarget& target);

// The settings of the proxy under Dokku's names, for `nginx:set`, `nginx:report` and `proxy:set`.
const PropertyTable& proxy_settings_table();

// Everything that the proxy is told of the app, for `proxy:show-config` and `nginx:show-config`.
Result<int> show_ways(Invocation& call, Missing missing);

}  // namespace dokku::cli
