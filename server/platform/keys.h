// Keys: who may call over ssh. The store is the truth, home_dir/.ssh/authorized_keys follows it.
//
// The file and its folder are root's (0755, 0644), so that whoever runs code as the ssh user cannot
// give himself a key. sshd reads it as that user.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/model/instance.h"
#include "server/platform/setup_door.h"
#include "server/store/keys.h"

namespace dokku::server {

class Keys {
 public:
  // `door` (may be null) hears of each change.
  Keys(const Instance& instance, Store& store, const Clock& clock, SetupDoor* door)
      : instance_(instance), store_(store), clock_(clock), door_(door) {}

  // already_exists as in store/keys.h.
  struct NewKey {
    KeyName name;
    PublicKey key;
    KeyRole role = KeyRole::admin;
    std::set<std::string> apps = {};  // empty: all
  };
  Result<Fingerprint> add(const NewKey& key);
  // invalid_argument: no key has this name.
  Result<> set_role(std::string_view name, KeyRole role);
  Result<> set_apps(std::string_view name, const std::set<std::string>& apps);
  Result<std::vector<StoredKey>> list();
  Result<int> remove_by_name(std::string_view name);
  Result<int> remove_by_fingerprint(std::string_view fingerprint);
  // The key behind the id that a forced command carries; none: nobody.
  Result<std::optional<StoredKey>> find(std::string_view key_id);
  // Writes the file anew from the store: at the daemon's start and after each change.
  Result<> write_authorized_keys();

 private:
  Result<> write_file();

  const Instance& instance_;
  Store& store_;
  const Clock& clock_;
  SetupDoor* door_;
  std::mutex mutex_;  // one writer of the file, so that the newest state is the last written
};

// restrict,pty,command="HELPERS/dokku --ssh-key SHA256:…" TYPE BLOB NAME
std::string authorized_keys_line(const Instance& instance, const StoredKey& key);

}  // namespace dokku::server
