#include "server/store/keys.h"

#include <sstream>

#include "server/model/app_name.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

// Columns of every select below.
Result<StoredKey> read_key(const Statement& row) {
  KeyName name = TRY(KeyName::parse(row.text(0)));
  PublicKey key = TRY(PublicKey::parse(row.text(1)));
  const KeyRole role = TRY(parse_key_role(row.text(3)));
  StoredKey stored{std::move(name), std::move(key), row.time(2), role};
  std::istringstream apps(row.text(4));
  for (std::string app; apps >> app;) stored.apps.insert(app);
  return stored;
}

Result<std::int64_t> id_of(WriteTx& tx, std::string_view name) {
  Statement find = TRY(tx.connection().prepare("SELECT id FROM keys WHERE name = ?"));
  const bool found = TRY(find.bind(name).step());
  if (!found) {
    return fail(Errc::invalid_argument,
                "There is no key named " + printable(name) + "\nSee: dokku ssh-keys:list");
  }
  return find.integer(0);
}

Result<> insert_apps(WriteTx& tx, std::int64_t key, const std::set<std::string>& apps) {
  for (const std::string& app : apps) {
    Statement insert = TRY(tx.connection().prepare("INSERT INTO key_apps VALUES (?, ?)"));
    TRY(insert.bind(key).bind(app).run());
  }
  return {};
}

Result<int> remove_where(WriteTx& tx, std::string_view sql, std::string_view value) {
  Statement remove = TRY(tx.connection().prepare(sql));
  TRY(remove.bind(value).run());
  return tx.connection().changes();
}

Result<> check_free(WriteTx& tx, std::string_view sql, std::string_view value,
                    const char* complaint) {
  Statement find = TRY(tx.connection().prepare(sql));
  const bool taken = TRY(find.bind(value).step());
  if (taken) return fail(Errc::already_exists, complaint);
  return {};
}

}  // namespace

Result<std::vector<StoredKey>> list_keys(const ReadTx& tx) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT name, line, added_at, role, (SELECT group_concat(app, ' ') FROM key_apps WHERE key = "
      "keys.id) FROM keys ORDER BY id"));
  return collect<StoredKey>(select, read_key);
}

Result<std::optional<StoredKey>> key_by_fingerprint(const ReadTx& tx,
                                                    std::string_view fingerprint) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT name, line, added_at, role, (SELECT group_concat(app, ' ') FROM key_apps WHERE key = "
      "keys.id) FROM keys WHERE fingerprint = ?"));
  const bool found = TRY(select.bind(fingerprint).step());
  if (!found) return std::optional<StoredKey>();
  StoredKey key = TRY(read_key(select));
  return std::optional<StoredKey>(std::move(key));
}

Result<> add_key(WriteTx& tx, const StoredKey& key) {
  TRY(check_free(tx, "SELECT 1 FROM keys WHERE name = ?", key.name.str(),
                 "Duplicate ssh key name"));
  TRY(check_free(tx, "SELECT 1 FROM keys WHERE fingerprint = ?", key.key.fingerprint().str(),
                 "Duplicate ssh public key specified"));
  Statement insert = TRY(tx.connection().prepare(
      "INSERT INTO keys (name, fingerprint, line, added_at, role) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(key.name.str()).bind(key.key.fingerprint().str()).bind(key.key.line());
  TRY(insert.bind(key.added_at).bind(key_role_name(key.role)).run());
  return insert_apps(tx, tx.connection().last_row(), key.apps);
}

Result<> set_key_role(WriteTx& tx, std::string_view name, KeyRole role) {
  const std::int64_t id = TRY(id_of(tx, name));
  Statement update = TRY(tx.connection().prepare("UPDATE keys SET role = ? WHERE id = ?"));
  return update.bind(key_role_name(role)).bind(id).run();
}

Result<> set_key_apps(WriteTx& tx, std::string_view name, const std::set<std::string>& apps) {
  const std::int64_t id = TRY(id_of(tx, name));
  Statement remove = TRY(tx.connection().prepare("DELETE FROM key_apps WHERE key = ?"));
  TRY(remove.bind(id).run());
  return insert_apps(tx, id, apps);
}

Result<int> remove_key_by_name(WriteTx& tx, std::string_view name) {
  return remove_where(tx, "DELETE FROM keys WHERE name = ?", name);
}

Result<int> remove_key_by_fingerprint(WriteTx& tx, std::string_view fingerprint) {
  return remove_where(tx, "DELETE FROM keys WHERE fingerprint = ?", fingerprint);
}

}  // namespace dokku::server
