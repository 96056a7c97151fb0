#include "server/store/apps.h"

#include "server/store/calls.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

#define APP_COLUMNS "id, name, created_at, vhosts_enabled, own_port, locked, stopped"

Result<App> read_app(const Statement& row) {
  AppName name = TRY(AppName::parse(row.text(1)));
  App app{static_cast<AppId>(row.integer(0)), std::move(name)};
  app.created_at = row.time(2);
  app.vhosts_enabled = row.integer(3) != 0;
  if (!row.is_null(4)) app.own_port = static_cast<std::uint16_t>(row.integer(4));
  app.locked = row.integer(5) != 0;
  app.stopped = row.integer(6) != 0;
  return app;
}

Result<> set_flag(WriteTx& tx, std::string_view sql, AppId id, bool value) {
  Statement update = TRY(tx.connection().prepare(sql));
  return update.bind(std::int64_t{value}).bind(static_cast<std::int64_t>(id)).run();
}

Result<bool> name_taken(const ReadTx& tx, const AppName& name) {
  Statement find = TRY(tx.connection().prepare("SELECT 1 FROM apps WHERE name = ?"));
  return find.bind(name.str()).step();
}

Result<> check_free(const ReadTx& tx, const AppName& name) {
  const bool taken = TRY(name_taken(tx, name));
  if (taken) return fail(Errc::already_exists, "Name is already taken");
  return {};
}

}  // namespace

Result<std::vector<App>> list_apps(const ReadTx& tx) {
  Statement select =
      TRY(tx.connection().prepare("SELECT " APP_COLUMNS " FROM apps WHERE id <> 0 ORDER BY name"));
  return collect<App>(select, read_app);
}

Result<App> find_app(const ReadTx& tx, std::string_view name) {
  if (!AppName::parse(name)) return Fail(app_missing(name));
  Statement select =
      TRY(tx.connection().prepare("SELECT " APP_COLUMNS " FROM apps WHERE name = ?"));
  const bool found = TRY(select.bind(name).step());
  if (!found) return Fail(app_missing(name));
  return read_app(select);
}

Result<App> create_app(WriteTx& tx, const AppName& name, WallTime now) {
  TRY(check_free(tx, name));
  {
    Statement insert =
        TRY(tx.connection().prepare("INSERT INTO apps (name, created_at) VALUES (?, ?)"));
    TRY(insert.bind(name.str()).bind(now).run());
  }
  return find_app(tx, name);
}

Result<> delete_app(WriteTx& tx, AppId id) {
  note_call_done();
  Statement remove = TRY(tx.connection().prepare("DELETE FROM apps WHERE id = ? AND id <> 0"));
  return remove.bind(static_cast<std::int64_t>(id)).run();
}

Result<> rename_app(WriteTx& tx, AppId id, const AppName& to) {
  TRY(check_free(tx, to));
  // Keys that are for this app stay so.
  Statement keys = TRY(tx.connection().prepare(
      "UPDATE OR REPLACE key_apps SET app = ? WHERE app = (SELECT name FROM apps WHERE id = ?)"));
  TRY(keys.bind(to.str()).bind(static_cast<std::int64_t>(id)).run());
  Statement update = TRY(tx.connection().prepare("UPDATE apps SET name = ? WHERE id = ?"));
  return update.bind(to.str()).bind(static_cast<std::int64_t>(id)).run();
}

Result<> set_app_stopped(WriteTx& tx, AppId id, bool stopped) {
  return set_flag(tx, "UPDATE apps SET stopped = ? WHERE id = ?", id, stopped);
}

Result<> set_app_locked(WriteTx& tx, AppId id, bool locked) {
  return set_flag(tx, "UPDATE apps SET locked = ? WHERE id = ?", id, locked);
}

Result<> set_app_vhosts_enabled(WriteTx& tx, AppId id, bool enabled) {
  return set_flag(tx, "UPDATE apps SET vhosts_enabled = ? WHERE id = ?", id, enabled);
}

Result<> set_app_own_port(WriteTx& tx, AppId id, std::optional<std::uint16_t> port) {
  if (port) {
    Statement taken =
        TRY(tx.connection().prepare("SELECT name FROM apps WHERE own_port = ? AND id <> ?"));
    const bool found =
        TRY(taken.bind(std::int64_t{*port}).bind(static_cast<std::int64_t>(id)).step());
    if (found) {
      return fail(Errc::conflict,
                  "Port " + std::to_string(*port) + " is already used by app " + taken.text(0));
    }
  }
  Statement update = TRY(tx.connection().prepare("UPDATE apps SET own_port = ? WHERE id = ?"));
  if (port) {
    update.bind(std::int64_t{*port});
  } else {
    update.bind_null();
  }
  return update.bind(static_cast<std::int64_t>(id)).run();
}

#undef APP_COLUMNS

}  // namespace dokku::server
