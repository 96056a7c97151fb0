// The one-time link of `dokku setup --browser`, as the store keeps it: never the link itself.
//
// There is one at most; a later one takes the place of an earlier one.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "server/store/store.h"

namespace dokku::server {

inline constexpr std::chrono::minutes kSetupLinkLife{30};

struct SetupLink {
  std::string digest;  // of its token
  WallTime until{};
};

// The link that is good at `now`; none: it was used, has expired, or never was.
Result<std::optional<SetupLink>> setup_link(const ReadTx& tx, WallTime now);
// None: forgets it.
Result<> set_setup_link(WriteTx& tx, const std::optional<SetupLink>& link);

}  // namespace dokku::server
