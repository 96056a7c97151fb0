// The text form of config: what APP/ENV holds, `config:import` reads and `config:export` writes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/model/config.h"

namespace dokku::server {

// 'x' with each ' as '\'' : safe for every shell.
std::string shell_quoted(std::string_view text);

// Lines `K=V` or `export K=V` (blanks around `=` are fine), empty lines and comments from a # at
// the line's start or behind a blank. V: bare, or pieces in single quotes (taken as they are,
// newlines too), double quotes (\n, \r, \", \\, \$, \! and \` are undone) and backslashes, one
// after the other. Nothing is expanded. invalid_argument names the line, not its value.
Result<ConfigValues> parse_env_file(std::string_view text);

// `export K='v'` per line, sorted.
std::string write_env_file(const ConfigValues& values);

}  // namespace dokku::server
