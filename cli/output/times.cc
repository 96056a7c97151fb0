#include "cli/output/times.h"

#include <array>
#include <ctime>

namespace dokku::cli {

std::string iso_time(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string time_ago(WallTime time, WallTime now) {
  struct Unit {
    long seconds;
    const char* word;
  };
  constexpr Unit kUnits[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - time);
  for (const Unit& unit : kUnits) {
    const long count = passed.count() / unit.seconds;
    if (count <= 0) continue;
    return std::to_string(count) + " " + unit.word + (count == 1 ? "" : "s") + " ago";
  }
  return "now";
}

}  // namespace dokku::cli
