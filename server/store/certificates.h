// Certificates in the store: one chain and key per app. Values are secrets.
#pragma once

#include <optional>

#include "server/model/route_spec.h"
#include "server/store/apps.h"

namespace dokku::server {

Result<std::optional<KeyPair>> certificate_of(const ReadTx& tx, AppId app);
// None: removes it.
Result<> set_certificate(WriteTx& tx, AppId app, const std::optional<KeyPair>& pair, WallTime now);

}  // namespace dokku::server
