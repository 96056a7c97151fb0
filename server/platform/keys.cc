#include "server/platform/keys.h"

#include <sys/stat.h>

#include "base/atomic_file.h"
#include "base/log.h"

namespace dokku::server {
namespace {

constexpr unsigned kFileMode = 0644;  // root's; sshd reads it as the ssh user
constexpr unsigned kFolderMode = 0755;

}  // namespace

std::string authorized_keys_line(const Instance& instance, const StoredKey& key) {
  const std::string program = (instance.helpers_dir / "dokku").string();
  std::string socket;
  if (instance.command_socket() != "/run/dokku/dokku.sock") {
    socket = " --socket " + instance.command_socket().string();
  }
  // `exec`: sshd hands the line to a shell, which need not stay.
  return "restrict,pty,command=\"exec " + program + socket + " --ssh-key " +
         key.key.fingerprint().str() + "\" " + key.key.line() + " " + key.name.str() + "\n";
}

Result<Fingerprint> Keys::add(const NewKey& key) {
  const StoredKey stored{key.name, key.key, clock_.wall(), key.role, key.apps};
  TRY(store_.write([&](WriteTx& tx) { return add_key(tx, stored); }));
  TRY(write_authorized_keys());
  return key.key.fingerprint();
}

Result<> Keys::set_role(std::string_view name, KeyRole role) {
  return store_.write([&](WriteTx& tx) { return set_key_role(tx, name, role); });
}

Result<> Keys::set_apps(std::string_view name, const std::set<std::string>& apps) {
  return store_.write([&](WriteTx& tx) { return set_key_apps(tx, name, apps); });
}

Result<std::vector<StoredKey>> Keys::list() {
  return store_.read([](ReadTx& tx) { return list_keys(tx); });
}

Result<int> Keys::remove_by_name(std::string_view name) {
  const int removed = TRY(store_.write([&](WriteTx& tx) { return remove_key_by_name(tx, name); }));
  TRY(write_authorized_keys());
  return removed;
}

Result<int> Keys::remove_by_fingerprint(std::string_view fingerprint) {
  const int removed =
      TRY(store_.write([&](WriteTx& tx) { return remove_key_by_fingerprint(tx, fingerprint); }));
  TRY(write_authorized_keys());
  return removed;
}

Result<std::optional<StoredKey>> Keys::find(std::string_view key_id) {
  return store_.read([&](ReadTx& tx) { return key_by_fingerprint(tx, key_id); });
}

Result<> Keys::write_authorized_keys() {
  TRY(write_file());
  const Result<> followed = door_ != nullptr ? door_->follow() : Result<>();
  if (!followed) log::warn("the set-up page: " + followed.error().message());
  return {};
}

Result<> Keys::write_file() {
  const std::lock_guard one_at_a_time(mutex_);
  const std::vector<StoredKey> keys = TRY(list());
  std::string content =
      "# Written by dokku from its own list of keys (dokku ssh-keys:list); edits are lost.\n";
  for (const StoredKey& key : keys) content += authorized_keys_line(instance_, key);
  const std::filesystem::path folder = instance_.home_dir / ".ssh";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::internal, "creating " + folder.string() + ": " + error.message());
  if (::chmod(folder.c_str(), kFolderMode) != 0) return fail_syscall("chmod", errno);
  return write_file_atomically(folder / "authorized_keys", content, kFileMode);
}

}  // namespace dokku::server
