// Config in the store: one table of values, each with the versions that it was valid in.
//
// Values live here and nowhere else; releases and events name versions and keys.
// AppId::global is the config of all apps. Reads of old versions work as long as a kept release
// needs them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/model/config.h"
#include "server/store/apps.h"

namespace dokku::server {

// Which keys a change touched; empty: values were equal, there is no new version.
struct ConfigChange {
  std::uint64_t version = 0;
  std::vector<std::string> keys;
};

Result<std::uint64_t> config_version(const ReadTx& tx, AppId app);
// Both current versions, for a new release of `app`.
Result<ConfigVersion> current_config_version(const ReadTx& tx, AppId app);
Result<ConfigValues> config_values(const ReadTx& tx, AppId app);
Result<ConfigValues> config_values_at(const ReadTx& tx, AppId app, std::uint64_t version);
Result<std::optional<std::string>> config_value(const ReadTx& tx, AppId app,
                                                const std::string& key);
// The environment of a release: global under app, as of `version`.
Result<ConfigValues> merged_config_at(const ReadTx& tx, AppId app, const ConfigVersion& version);
Result<ConfigValues> merged_config(const ReadTx& tx, AppId app);

// limit_exceeded: all values together are over kConfigTotalMax.
Result<ConfigChange> set_config(WriteTx& tx, AppId app, const ConfigValues& values);
Result<ConfigChange> unset_config(WriteTx& tx, AppId app, const std::set<std::string>& keys);
// Makes the config equal to `values`.
Result<ConfigChange> replace_config(WriteTx& tx, AppId app, const ConfigValues& values);
// Forgets values that only versions before `oldest_kept` had.
Result<> prune_config(WriteTx& tx, AppId app, std::uint64_t oldest_kept);

}  // namespace dokku::server
