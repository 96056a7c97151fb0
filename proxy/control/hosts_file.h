// The routes of a proxy that runs by itself: a file of `[{"host": …, "upstream": "IP:PORT"}]`.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/control/routes.h"

namespace dokku::proxy {

// A group per host, with its name as key; several entries of one host are its processes.
// invalid_argument: not such a list; says which entry.
Result<std::vector<Group>> decode_hosts(std::string_view text);

}  // namespace dokku::proxy
