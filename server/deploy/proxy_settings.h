// What people may set of the proxy, under Dokku's names (`nginx:set`, `proxy:set`), and what the
// proxy makes of it (proxy/control/settings.h).
//
// A value is kept in the store as it was typed, as property "nginx.<name>".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/control/settings.h"

namespace dokku::server {

inline constexpr const char* kProxySettings = "nginx.";

struct ProxyProperty {
  const char* name;      // "client-max-body-size"
  const char* fallback;  // what counts when nobody has set it; "" for none
  const char* expected;  // "a size: 512k, 50m, 1g, or 0 for no limit"
  // invalid_argument when the value is none of its kind.
  Result<> (*apply)(proxy::Settings& settings, const std::string& value);
};

const std::vector<ProxyProperty>& proxy_properties();

// Of the values by name; one that is none of its kind (any more) is as if it were not set.
proxy::Settings proxy_settings(const std::map<std::string, std::string>& values);

}  // namespace dokku::server
