// Apps in the store: which there are, and what is set for them as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/app_name.h"
#include "server/store/store.h"

namespace dokku::server {

// The row's number: never used again after the app is gone. 0 stands for "global".
enum class AppId : std::int64_t { global = 0 };

struct App {
  AppId id{};
  AppName name;
  WallTime created_at{};
  bool vhosts_enabled = true;             // domains:disable
  std::optional<std::uint16_t> own_port;  // its port on the host; kept once given
  bool locked = false;                    // apps:lock
  bool stopped = false;                   // ps:stop; stays so over reboots
};

Result<std::vector<App>> list_apps(const ReadTx& tx);  // by name
// not_found: "App NAME does not exist".
Result<App> find_app(const ReadTx& tx, std::string_view name);
inline Result<App> find_app(const ReadTx& tx, const AppName& name) {
  return find_app(tx, name.str());
}
// already_exists: "Name is already taken".
Result<App> create_app(WriteTx& tx, const AppName& name, WallTime now);
// With all that belongs to it.
Result<> delete_app(WriteTx& tx, AppId id);
// already_exists as above.
Result<> rename_app(WriteTx& tx, AppId id, const AppName& to);
Result<> set_app_stopped(WriteTx& tx, AppId id, bool stopped);
Result<> set_app_locked(WriteTx& tx, AppId id, bool locked);
Result<> set_app_vhosts_enabled(WriteTx& tx, AppId id, bool enabled);
// conflict: another app has it.
Result<> set_app_own_port(WriteTx& tx, AppId id, std::optional<std::uint16_t> port);

}  // namespace dokku::server
