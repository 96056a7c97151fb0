// What all config commands begin and end with: whose config it is, and what follows a change.
#pragma once

#include "cli/commands/arguments.h"

namespace dokku::cli {

// The app in front, taken out of the arguments, or --global.
Result<server::ConfigOwner> take_config_owner(Invocation& call);

inline server::ConfigActor config_actor(const Invocation& call) { return {call.who, call.command}; }

// The audit entry, and a restart when something runs. An equal config is no change: nothing
// follows. When the restart fails the values stay, and the error says how to undo them.
Result<int> follow_up_config(Invocation& call, const server::ConfigOwner& owner,
                             const server::ConfigChange& change);

}  // namespace dokku::cli
