// What a program says when it is run for a moment: its output, within a limit.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace dokku::server {

struct ProgramQuestion {
  std::filesystem::path program;
  std::vector<std::string> arguments;    // without argv[0]
  std::vector<std::string> environment;  // all of it
  Duration limit = std::chrono::seconds(5);
};

// Standard output and error. timed_out: killed at the limit; unavailable: it could not be started,
// or ended with another status than 0; its last line is in the message.
Result<std::string> ask_program(const ProgramQuestion& question);

// Of several lines the last that is not empty, without " !     ".
std::string last_line(const std::string& text);

}  // namespace dokku::server
