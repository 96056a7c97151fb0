// Whether trace:on was typed. For dispatch.
#pragma once

#include "server/platform/platform.h"

namespace dokku::cli {

bool trace_is_on(server::Platform& platform);

}  // namespace dokku::cli
