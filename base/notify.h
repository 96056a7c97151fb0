// Telling systemd how we are, where it asks: sd_notify(3) by hand, a datagram to $NOTIFY_SOCKET.
//
// Called by programs that run as units of Type=notify. Elsewhere there is nobody to tell, and all
// of this does nothing. Threads: any.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace dokku {

// "READY=1", "WATCHDOG=1", "MAINPID=4711", "STATUS=…"; several lines may be sent at once.
Result<> notify(std::string_view state);

// How often the watchdog wants to hear "WATCHDOG=1" at least; nullopt: there is none.
std::optional<Duration> watchdog_period();

}  // namespace dokku
