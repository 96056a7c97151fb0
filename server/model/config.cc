#include "server/model/config.h"

#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::size_t kKeyMax = 256;

bool letter_or_underscore(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

Result<ConfigKey> ConfigKey::parse(std::string_view text) {
  bool valid = !text.empty() && text.size() <= kKeyMax && letter_or_underscore(text.front());
  for (const char c : text) valid = valid && (letter_or_underscore(c) || (c >= '0' && c <= '9'));
  if (!valid) return fail(Errc::invalid_argument, "Invalid key name: '" + printable(text) + "'");
  return ConfigKey(std::string(text));
}

Result<> check_config_value(std::string_view key, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    return fail(Errc::invalid_argument, "The value of " + printable(key) +
                                            " contains a NUL byte, which no process can get");
  }
  if (value.size() > kConfigValueMax) {
    return fail(Errc::invalid_argument, "The value of " + printable(key) + " is longer than " +
                                            std::to_string(kConfigValueMax) + " bytes");
  }
  return {};
}

ConfigValues merged(const ConfigValues& global, const ConfigValues& app) {
  ConfigValues all = app;
  all.insert(global.begin(), global.end());  // keeps what is there
  return all;
}

}  // namespace dokku::server
