#include "server/store/config.h"

#include "server/store/sql.h"

namespace dokku::server {
namespace {

std::int64_t number(AppId app) { return static_cast<std::int64_t>(app); }

Result<ConfigValues> read_values(Statement& select) {
  ConfigValues values;
  TRY(each_row(select, [&](const Statement& row) -> Result<> {
    values.emplace(row.text(0), row.text(1));
    return {};
  }));
  return values;
}

Result<> check_total(const ConfigValues& values) {
  std::size_t total = 0;
  for (const auto& [key, value] : values) total += key.size() + value.size() + 2;
  if (total <= kConfigTotalMax) return {};
  return fail(Errc::limit_exceeded, "All config vars together must not be longer than " +
                                        std::to_string(kConfigTotalMax) + " bytes");
}

// A value ends where the next version begins.
Result<> end_value(WriteTx& tx, AppId app, const std::string& key, std::uint64_t version) {
  Statement update = TRY(tx.connection().prepare(
      "UPDATE config_values SET until = ? WHERE app = ? AND key = ? AND until IS NULL"));
  return update.bind(static_cast<std::int64_t>(version)).bind(number(app)).bind(key).run();
}

Result<> begin_value(WriteTx& tx, AppId app, const std::string& key, const std::string& value,
                     std::uint64_t version) {
  Statement insert = TRY(tx.connection().prepare(
      "INSERT INTO config_values (app, key, value, since) VALUES (?, ?, ?, ?)"));
  return insert.bind(number(app))
      .bind(key)
      .bind_blob(value)
      .bind(static_cast<std::int64_t>(version))
      .run();
}

Result<> set_version(WriteTx& tx, AppId app, std::uint64_t version) {
  Statement update =
      TRY(tx.connection().prepare("UPDATE apps SET config_version = ? WHERE id = ?"));
  return update.bind(static_cast<std::int64_t>(version)).bind(number(app)).run();
}

// Steps from one set of values to another, as one version.
Result<ConfigChange> change(WriteTx& tx, AppId app, const ConfigValues& from,
                            const ConfigValues& to) {
  TRY(check_total(to));
  ConfigChange done;
  done.version = TRY(config_version(tx, app));
  const std::uint64_t next = done.version + 1;
  for (const auto& [key, value] : from) {
    const auto kept = to.find(key);
    if (kept != to.end() && kept->second == value) continue;
    TRY(end_value(tx, app, key, next));
    if (kept == to.end()) done.keys.push_back(key);
  }
  for (const auto& [key, value] : to) {
    const auto old = from.find(key);
    if (old != from.end() && old->second == value) continue;
    TRY(begin_value(tx, app, key, value, next));
    done.keys.push_back(key);
  }
  if (done.keys.empty()) return done;
  done.version = next;
  TRY(set_version(tx, app, next));
  return done;
}

}  // namespace

Result<std::uint64_t> config_version(const ReadTx& tx, AppId app) {
  Statement select = TRY(tx.connection().prepare("SELECT config_version FROM apps WHERE id = ?"));
  const bool found = TRY(select.bind(number(app)).step());
  if (!found) return fail(Errc::not_found, "the app was destroyed meanwhile");
  return static_cast<std::uint64_t>(select.integer(0));
}

Result<ConfigVersion> current_config_version(const ReadTx& tx, AppId app) {
  ConfigVersion version;
  version.app = TRY(config_version(tx, app));
  version.global = TRY(config_version(tx, AppId::global));
  return version;
}

Result<ConfigValues> config_values(const ReadTx& tx, AppId app) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT key, value FROM config_values WHERE app = ? AND until IS NULL"));
  select.bind(number(app));
  return read_values(select);
}

Result<ConfigValues> config_values_at(const ReadTx& tx, AppId app, std::uint64_t version) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT key, value FROM config_values WHERE app = ?1 AND since <= ?2 AND "
      "(until IS NULL OR until > ?2)"));
  select.bind(number(app)).bind(static_cast<std::int64_t>(version));
  return read_values(select);
}

Result<std::optional<std::string>> config_value(const ReadTx& tx, AppId app,
                                                const std::string& key) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT value FROM config_values WHERE app = ? AND key = ? AND until IS NULL"));
  const bool found = TRY(select.bind(number(app)).bind(key).step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(select.text(0));
}

Result<ConfigValues> merged_config_at(const ReadTx& tx, AppId app, const ConfigVersion& version) {
  const ConfigValues own = TRY(config_values_at(tx, app, version.app));
  const ConfigValues global = TRY(config_values_at(tx, AppId::global, version.global));
  return merged(global, own);
}

Result<ConfigValues> merged_config(const ReadTx& tx, AppId app) {
  const ConfigValues own = TRY(config_values(tx, app));
  const ConfigValues global = TRY(config_values(tx, AppId::global));
  return merged(global, own);
}

Result<ConfigChange> set_config(WriteTx& tx, AppId app, const ConfigValues& values) {
  const ConfigValues now = TRY(config_values(tx, app));
  return change(tx, app, now, merged(now, values));
}

Result<ConfigChange> unset_config(WriteTx& tx, AppId app, const std::set<std::string>& keys) {
  const ConfigValues now = TRY(config_values(tx, app));
  ConfigValues left = now;
  for (const std::string& key : keys) left.erase(key);
  return change(tx, app, now, left);
}

Result<ConfigChange> replace_config(WriteTx& tx, AppId app, const ConfigValues& values) {
  const ConfigValues now = TRY(config_values(tx, app));
  return change(tx, app, now, values);
}

Result<> prune_config(WriteTx& tx, AppId app, std::uint64_t oldest_kept) {
  Statement remove =
      TRY(tx.connection().prepare("DELETE FROM config_values WHERE app = ? AND until <= ?"));
  return remove.bind(number(app)).bind(static_cast<std::int64_t>(oldest_kept)).run();
}

}  // namespace dokku::server
