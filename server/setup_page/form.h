// What a browser sends of a form: application/x-www-form-urlencoded (URL standard, 5.1).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dokku::server {

// By name; of a name that comes twice the first counts. Nothing: an escape that is none, or a zero
// byte.
std::optional<std::map<std::string, std::string>> parse_form(std::string_view body);

}  // namespace dokku::server
