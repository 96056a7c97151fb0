#include "base/log.h"

#include <unistd.h>

#include <array>
#include <ctime>
#include <string>

namespace dokku::log {
namespace {

void line(const char* level, std::string_view message) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  std::array<char, 32> stamp{};
  const std::size_t length = std::strftime(stamp.data(), stamp.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string text(stamp.data(), length);
  const std::string millis = std::to_string(1000 + now.tv_nsec / 1'000'000);
  text += "." + millis.substr(1) + "Z " + level + " ";
  for (const char c : message) text += (c == '\n') ? ' ' : c;
  text += '\n';
  // Nobody is left to tell when standard error itself fails.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

void info(std::string_view message) { line("info", message); }
void warn(std::string_view message) { line("warn", message); }
void error(std::string_view message) { line("error", message); }

}  // namespace dokku::log
