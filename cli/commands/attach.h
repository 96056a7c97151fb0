// Handing a one-off process over to the client that asked for it. For `run` and `enter`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/commands/command.h"
#include "server/supervise/executor.h"

namespace dokku::cli {

// May this process have a terminal? The caller's own, unless flags say else.
bool wants_terminal(const Session& session, bool forced, bool refused);

// How it is handed over.
struct HandOver {
  bool terminal = false;
  // Lines for the person about an end that its status does not explain; may be empty.
  std::function<std::string(const runtime::Exit&)> explain = {};
};

// The client copies the streams from here on; the session ends, holding no thread, with the
// process's status. A client that goes away takes the process with it.
Result<int> hand_over(Session& session, std::unique_ptr<server::OneOff> process, HandOver how);

}  // namespace dokku::cli
