// Config: the environment that people give their apps, and its versions.
//
// Values are secrets: they are never logged, printed in errors or put into events.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/named.h"
#include "base/result.h"

namespace dokku::server {

// ^[a-zA-Z_][a-zA-Z0-9_]*$, at most 256 bytes.
class ConfigKey : public Named<ConfigKey> {
 public:
  // invalid_argument: "Invalid key name: 'X'"
  static Result<ConfigKey> parse(std::string_view text);

 private:
  using Named::Named;
};

// Sorted by key. A value holds any bytes but NUL, at most kConfigValueMax of them (one string of
// execve's environment is limited to 128 KiB by the kernel).
using ConfigValues = std::map<std::string, std::string>;
inline constexpr std::size_t kConfigValueMax = 120 * 1024;
inline constexpr std::size_t kConfigTotalMax = 1024 * 1024;  // all values of one app together

// invalid_argument: a NUL byte, or too long; names the key only.
Result<> check_config_value(std::string_view key, std::string_view value);

// Which values a release was made with: the app's own and the global ones. Grows by one with each
// change; equal values are no change.
struct ConfigVersion {
  std::uint64_t app = 0;
  std::uint64_t global = 0;
  friend bool operator==(const ConfigVersion&, const ConfigVersion&) = default;
};

// Global first, the app wins.
ConfigValues merged(const ConfigValues& global, const ConfigValues& app);

}  // namespace dokku::server
