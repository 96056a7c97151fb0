// Base64 (RFC 4648 section 4), for ssh keys and `config:set --encoded`.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

std::string base64_encode(std::string_view bytes);
// Strict: right alphabet, right padding, no white space. invalid_argument else.
Result<std::string> base64_decode(std::string_view text);

}  // namespace dokku::server
