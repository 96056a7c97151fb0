// Properties: small settings by name, per app or global: "git.deploy-branch", "buildpacks.list".
//
// A name is "<topic>.<key>". What a topic may set is decided there; here is only the table.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "server/store/apps.h"

namespace dokku::server {

Result<std::optional<std::string>> property(const ReadTx& tx, AppId app, const std::string& name);
// The app's, else the global one, else `fallback`. An empty stored value counts as set.
Result<std::string> computed_property(const ReadTx& tx, AppId app, const std::string& name,
                                      std::string fallback);
// All whose name begins with `prefix`, by full name.
Result<std::map<std::string, std::string>> properties(const ReadTx& tx, AppId app,
                                                      const std::string& prefix);
// No value: removes it.
Result<> set_property(WriteTx& tx, AppId app, const std::string& name,
                      const std::optional<std::string>& value);

}  // namespace dokku::server
