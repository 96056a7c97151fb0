// The log of our own programs: one line each on standard error, with time and level.
//
// Never pass a secret: keys may be named, values not. Threads: any; a line is one write(2).
#pragma once

#include <string_view>

namespace dokku::log {

void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);

}  // namespace dokku::log
