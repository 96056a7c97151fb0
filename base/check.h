// CHECK: states what must hold unless this program has a bug, and aborts when it does not.
//
// For what the world may do to us there is Result (base/result.h). Threads: any.
#pragma once

namespace dokku {

// Prints "file:line: CHECK failed: expression" to standard error and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace dokku

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::dokku::check_failed(#condition, __FILE__, __LINE__);          \
  } while (false)
