// Limits: what each process of an app may use, from what resource:limit and :reserve stored.
#pragma once

#include <string_view>

#include "runtime/api/containers.h"
#include "server/model/resources.h"
#include "server/store/apps.h"

namespace dokku::server {

// A type takes from the defaults what is not set for it; an empty type is the defaults themselves.
// Memory that nobody limited: 1 GB, or half of a small machine.
Result<runtime::Limits> process_limits(const ReadTx& tx, AppId app, std::string_view type);
// Of a build: what is set for the type "build" alone, else zero.
Result<runtime::Limits> build_limits(const ReadTx& tx, AppId app);

}  // namespace dokku::server
