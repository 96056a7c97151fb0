// Domains in the store: of each app, and the global ones. Order is that of their adding.
#pragma once

#include <optional>
#include <vector>

#include "server/model/domain.h"
#include "server/store/apps.h"

namespace dokku::server {

// AppId::global: the global domains.
Result<std::vector<Domain>> list_domains(const ReadTx& tx, AppId app);
// Which app has this very name; none: free.
Result<std::optional<AppName>> domain_owner(const ReadTx& tx, const Domain& domain);
// False: it was there already. conflict: "D is already used by app OTHER" (not for global ones).
Result<bool> add_domain(WriteTx& tx, AppId app, const Domain& domain);
// False: it was not there.
Result<bool> remove_domain(WriteTx& tx, AppId app, const Domain& domain);
Result<> clear_domains(WriteTx& tx, AppId app);

}  // namespace dokku::server
