// Ledger: what one worker writes down about one release of an app: counters, and lines for its logs
// that have not been handed over yet.
//
// Shared by the routes and requests of the release; written by the session, read for reports. One
// thread, like everything in a worker.
#pragma once

#include <string>

#include "proxy/control/traffic.h"

namespace dokku::proxy::route {

struct Ledger {
  Traffic traffic;
  std::string access_lines;
  std::string error_lines;
  bool listed = false;  // among those with lines to hand over
};

}  // namespace dokku::proxy::route
