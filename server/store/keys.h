// Ssh keys in the store; authorized_keys is derived from them (server/platform/keys.h).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/model/key_role.h"
#include "server/model/ssh_key.h"
#include "server/store/store.h"

namespace dokku::server {

struct StoredKey {
  KeyName name;
  PublicKey key;
  WallTime added_at{};
  KeyRole role = KeyRole::admin;
  std::set<std::string> apps = {};  // by name; empty: all
};

Result<std::vector<StoredKey>> list_keys(const ReadTx& tx);  // in the order of their adding
Result<std::optional<StoredKey>> key_by_fingerprint(const ReadTx& tx, std::string_view fingerprint);
// already_exists: "Duplicate ssh key name", "Duplicate ssh public key specified".
Result<> add_key(WriteTx& tx, const StoredKey& key);
// invalid_argument: no key has this name.
Result<> set_key_role(WriteTx& tx, std::string_view name, KeyRole role);
Result<> set_key_apps(WriteTx& tx, std::string_view name, const std::set<std::string>& apps);
// How many went.
Result<int> remove_key_by_name(WriteTx& tx, std::string_view name);
Result<int> remove_key_by_fingerprint(WriteTx& tx, std::string_view fingerprint);

}  // namespace dokku::server
