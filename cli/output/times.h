// Moments as commands print them: for a person on a terminal how long ago, for all others ISO 8601.
#pragma once

#include <string>

#include "base/clock.h"

namespace dokku::cli {

// "2026-11-21T05:44:07Z"
std::string iso_time(WallTime time);
// "3 minutes ago", in the largest unit that fits; "now" for less than a second and the future.
std::string time_ago(WallTime time, WallTime now);

}  // namespace dokku::cli
