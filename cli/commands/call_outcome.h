// What a client learns of its command when the daemon died while it ran it.
//
// The client names each call (DOKKU_CALL, random); the store notes with the call's own writes how
// far it came (server/store/calls.h); after the daemon's death the client asks the next one with
// the hidden command `call-outcome`. Used by dispatch.cc.
#pragma once

#include "cli/commands/command.h"

namespace dokku::cli {

// The handler, with its writes noted for the client's call.
Result<int> run_as_call(const Command& command, Invocation& call);

}  // namespace dokku::cli
