// SetupDoor: whoever shows the set-up page, or says that there is something to set up.
//
// Implemented by server/setup_door; asked after each change of keys and links.
#pragma once

#include "base/result.h"

namespace dokku::server {

class SetupDoor {
 public:
  virtual ~SetupDoor() = default;
  // Looks at the store; returns when the proxy does what fits. Threads: any.
  // unavailable: the proxy is away; it is told when it is back.
  virtual Result<> follow() = 0;
};

}  // namespace dokku::server
