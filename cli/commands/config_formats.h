// The text forms of config that `config:export` writes and `config:import` reads.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/model/config.h"

namespace dokku::cli {

// The whole output, with its last newline where the format has one. invalid_argument: "Unknown
// export format: X".
Result<std::string> export_config(const server::ConfigValues& values, const std::string& format);

// `format`: "envfile" or "json" (one object of texts, numbers, true and false).
Result<server::ConfigValues> import_config(std::string_view text, const std::string& format);

}  // namespace dokku::cli
