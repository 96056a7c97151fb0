#include "server/model/formation.h"

#include <charconv>

#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::size_t kTypeMax = 63;

}  // namespace

Result<ProcessType> ProcessType::parse(std::string_view text) {
  bool valid = !text.empty() && text.size() <= kTypeMax;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    valid = valid && (letter || c == '_' || c == '-');
  }
  if (!valid || text.front() == '-') {
    return fail(Errc::invalid_argument, printable(text) + " is not a valid process name");
  }
  return ProcessType(std::string(text));
}

unsigned wanted_count(const Formation& formation, std::string_view type) {
  const auto found = formation.find(std::string(type));
  if (found != formation.end()) return found->second;
  return type == "web" ? 1 : 0;
}

Result<Formation> parse_formation(const std::vector<std::string>& words) {
  Formation formation;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const ProcessType type = TRY(ProcessType::parse(name));
    if (equals == std::string::npos || equals + 1 == word.size()) {
      return fail(Errc::invalid_argument, "Missing count for process type " + type.str());
    }
    unsigned count = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data() + equals + 1, end, count);
    if (error != std::errc() || stop != end || count > kInstancesMax) {
      return fail(Errc::invalid_argument, "Invalid count for process type " + type.str());
    }
    formation[type.str()] = count;
  }
  return formation;
}

}  // namespace dokku::server
