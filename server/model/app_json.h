// app.json: what a repository says of its own app, as far as it is used here.
//
// Comments and trailing commas are allowed; unknown keys are ignored. The text comes from
// strangers: its size and depth are bounded before it is parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/model/formation.h"
#include "server/model/health_check.h"

namespace dokku::server {

// A variable of "env": what the app's config shall hold.
struct EnvWish {
  std::string key;
  std::optional<std::string> value;
  bool required = true;  // without a value from anywhere a first deploy fails
  bool secret = false;   // "generator": "secret"
  bool sync = false;     // each deploy makes it `value`, not only the first
};

struct AppJson {
  HealthChecks checks;
  std::vector<EnvWish> env;  // sorted by key
  // "buildpacks", in order.
  std::vector<std::string> buildpacks;
  // Commands of "scripts"; empty: none.
  std::string predeploy;         // dokku.predeploy
  std::string postdeploy;        // dokku.postdeploy
  std::string first_postdeploy;  // postdeploy: once in an app's life
  // "formation": types with a quantity; then ps:scale is locked.
  Formation quantities;
  // Entries that are there and not used, in words for the person who pushed.
  std::vector<std::string> remarks;
};

// invalid_argument: "Cannot parse app.json as jsonc: …", or what is wrong with an entry.
Result<AppJson> parse_app_json(std::string_view text);

inline constexpr std::size_t kAppJsonBytesMax = 256 << 10;
inline constexpr int kAppJsonDepthMax = 32;

}  // namespace dokku::server
