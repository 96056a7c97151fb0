// Which of an app's releases is meant: for releases:info, and for the way back (Deploys::rollback).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/model/release.h"
#include "server/store/apps.h"

namespace dokku::server {

// Of `kept` (Deploys::releases) the one of this number; none: the live one.
// invalid_argument: "No release 9 of blog is kept"; conflict: not deployed.
Result<Release> choose_release(const App& app, const std::vector<Release>& kept,
                               std::optional<std::uint64_t> number);

}  // namespace dokku::server
