// What the set-up page asks, answered by Setup.
#pragma once

#include "server/platform/setup.h"
#include "server/setup_page/messages.h"

namespace dokku::server {

SetupReply answer(Setup& setup, const SetupQuestion& question);

}  // namespace dokku::server
