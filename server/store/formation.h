// Formation in the store: counts that were set by ps:scale (or app.json).
#pragma once

#include "server/model/formation.h"
#include "server/store/apps.h"

namespace dokku::server {

Result<Formation> load_formation(const ReadTx& tx, AppId app);
// Sets these types, leaves the others.
Result<> save_formation(WriteTx& tx, AppId app, const Formation& counts);

}  // namespace dokku::server
