// AppName: what an app is called. Becomes a directory, a container's name and part of a host name.
#pragma once

#include <string>
#include <string_view>

#include "base/named.h"
#include "base/result.h"

namespace dokku::server {

// ^[a-z0-9][a-z0-9.-]*$ as in Dokku, and at most kLengthMax bytes.
class AppName : public Named<AppName> {
 public:
  static constexpr std::size_t kLengthMax = 63;  // a label of a host name (RFC 1035 2.3.4)
  // invalid_argument carries Dokku's line.
  static Result<AppName> parse(std::string_view text);

 private:
  using Named::Named;
};

// `text` as it may be shown to people: what is not printable UTF-8 becomes '?', and after 200 bytes
// comes "…". For messages that repeat what a caller typed.
std::string printable(std::string_view text);

// not_found: "App NAME does not exist". Commands turn this one code into status 20, so nothing in
// server/ uses not_found for anything else that a command may hand on.
Error app_missing(std::string_view name);

}  // namespace dokku::server
