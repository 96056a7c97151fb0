// Progress: where the server says what it is doing, for the person who waits.
//
// Implemented by cli/commands over a Printer, by tests in memory. Threads: that of the job.
#pragma once

#include <string_view>

#include "base/cancel.h"

namespace dokku::server {

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void step(std::string_view text) = 0;    // "-----> text"
  virtual void title(std::string_view text) = 0;   // "=====> text"
  virtual void detail(std::string_view text) = 0;  // seven spaces and text
  virtual void warn(std::string_view text) = 0;    // " !     text", on stderr
  virtual void line(std::string_view text) = 0;    // as it is
  virtual void debug(std::string_view) {}          // " ?     text", on stderr, with --trace
  // Set when the person interrupts or is gone.
  virtual const CancelToken& cancel() const = 0;
};

}  // namespace dokku::server
