// The small files that an app's tree may hold for the build: Procfile, .buildpacks, .env.
//
// Pure text in, values out (docs/buildpacks.md). Errors: invalid_argument, naming the
// line.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::buildstep {

using Processes = std::map<std::string, std::string>;  // type to command

Result<Processes> parse_procfile(std::string_view text);

// A pack as people name it: "URL#ref".
struct PackSource {
  std::string url;
  std::string ref;
  friend bool operator==(const PackSource&, const PackSource&) = default;

  static PackSource parse(std::string_view text);
  // "heroku/heroku-buildpack-nodejs" for a GitHub URL, else the URL without credentials.
  std::string shown() const;
  bool is_archive() const;
};

std::vector<PackSource> parse_buildpacks_file(std::string_view text);

// `export K=V` or `K=V` lines, quotes optional, `#` comments; other lines are skipped, as the old
// buildstep did.
std::map<std::string, std::string> parse_dot_env(std::string_view text);

}  // namespace dokku::buildstep
