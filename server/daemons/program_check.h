// Is a folder with programs a whole version that works here? Asked before anything is changed.
//
// The programs are there, their libraries are found, dokkud says what it is (`dokkud --facts`), and
// the proxy, which everybody notices, serves for some seconds on a port of its own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace dokku::server {

// `dokkud --facts`
struct VersionFacts {
  std::string number;  // "0.1.0"
  int schema = 0;

  // "version 0.1.0\nschema 6\n"; other lines are a newer version's. invalid_argument names what is
  // missing.
  static Result<VersionFacts> parse(std::string_view text);
};

Result<VersionFacts> facts_of(const std::filesystem::path& programs);
// invalid_argument, unavailable: what is wrong with it.
Result<> check_programs(const std::filesystem::path& programs);
// Runs it for `trial`, with files in `folder`, which is removed.
Result<> try_proxy_beside(const std::filesystem::path& programs,
                          const std::filesystem::path& folder, Duration trial);

}  // namespace dokku::server
