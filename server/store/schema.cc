#include "server/store/schema.h"

#include <array>
#include <string>

#include "server/store/store.h"

namespace dokku::server {
namespace {

struct Step {
  const char* up;
  const char* back;
};

// App 0 stands for "global" in config, domains and properties; it is a row, so that foreign keys
// hold for it too. AUTOINCREMENT: a number is never used for a second app.
constexpr const char* kFirst = R"sql(
CREATE TABLE apps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  vhosts_enabled INTEGER NOT NULL DEFAULT 1,
  own_port INTEGER UNIQUE,
  locked INTEGER NOT NULL DEFAULT 0,
  stopped INTEGER NOT NULL DEFAULT 0,
  config_version INTEGER NOT NULL DEFAULT 0,
  last_release INTEGER NOT NULL DEFAULT 0,
  last_build INTEGER NOT NULL DEFAULT 0);
INSERT INTO apps (id, name, created_at) VALUES (0, '', 0);

CREATE TABLE config_values (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (app, key, since)) WITHOUT ROWID;

CREATE TABLE domains (
  id INTEGER PRIMARY KEY,
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  name TEXT NOT NULL,
  UNIQUE (app, name));
CREATE UNIQUE INDEX domains_of_apps ON domains (name) WHERE app <> 0;

CREATE TABLE releases (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  image_ref TEXT NOT NULL,
  image_digest TEXT NOT NULL,
  config_app INTEGER NOT NULL,
  config_global INTEGER NOT NULL,
  has_procfile INTEGER NOT NULL,
  source_file TEXT NOT NULL,
  revision TEXT NOT NULL,
  git_ref TEXT NOT NULL,
  pack TEXT NOT NULL,
  build_inputs TEXT NOT NULL,
  by TEXT NOT NULL,
  why TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (app, number)) WITHOUT ROWID;
CREATE UNIQUE INDEX one_live_release ON releases (app) WHERE state = 'live';

CREATE TABLE release_parts (
  app INTEGER NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (app, number, kind, name),
  FOREIGN KEY (app, number) REFERENCES releases ON DELETE CASCADE) WITHOUT ROWID;

CREATE TABLE formation (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  type TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (app, type)) WITHOUT ROWID;

CREATE TABLE keys (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL UNIQUE,
  line TEXT NOT NULL,
  added_at INTEGER NOT NULL);

CREATE TABLE properties (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (app, name)) WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  command TEXT NOT NULL,
  app TEXT NOT NULL,
  detail TEXT NOT NULL);
CREATE INDEX events_by_app ON events (app, id);

CREATE TABLE builds (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  status TEXT NOT NULL,
  release INTEGER NOT NULL,
  error TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (app, number)) WITHOUT ROWID;
)sql";

constexpr const char* kFirstBack = R"sql(
DROP TABLE builds; DROP TABLE events; DROP TABLE properties; DROP TABLE keys; DROP TABLE formation;
DROP TABLE release_parts; DROP TABLE releases; DROP TABLE domains; DROP TABLE config_values;
DROP TABLE apps;
)sql";

// Who made which version of a config; what it changed is seen from the values.
constexpr const char* kConfigVersions = R"sql(
CREATE TABLE config_versions (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  command TEXT NOT NULL,
  PRIMARY KEY (app, version)) WITHOUT ROWID;
)sql";
constexpr const char* kConfigVersionsBack = "DROP TABLE config_versions;";

// What became of calls that a dead daemon did not answer.
constexpr const char* kCalls = R"sql(
CREATE TABLE calls (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  app INTEGER NOT NULL,
  release INTEGER NOT NULL,
  done INTEGER NOT NULL);
)sql";
constexpr const char* kCallsBack = "DROP TABLE calls;";

// Keys get a role and may be for some apps only; events tell how a command ended. The way back
// removes keys that would be allowed more there than here.
constexpr const char* kRights = R"sql(
ALTER TABLE keys ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
CREATE TABLE key_apps (
  key INTEGER NOT NULL REFERENCES keys ON DELETE CASCADE,
  app TEXT NOT NULL,
  PRIMARY KEY (key, app)) WITHOUT ROWID;
ALTER TABLE events ADD COLUMN status INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN took INTEGER NOT NULL DEFAULT 0;
)sql";
constexpr const char* kRightsBack = R"sql(
DELETE FROM keys WHERE role <> 'admin' OR id IN (SELECT key FROM key_apps);
DROP TABLE key_apps;
ALTER TABLE keys DROP COLUMN role;
ALTER TABLE events DROP COLUMN status;
ALTER TABLE events DROP COLUMN took;
)sql";

// A chain and its private key per app, PEM.
constexpr const char* kCertificates = R"sql(
CREATE TABLE certificates (
  app INTEGER NOT NULL PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
  chain TEXT NOT NULL,
  key TEXT NOT NULL,
  added_at INTEGER NOT NULL) WITHOUT ROWID;
)sql";
constexpr const char* kCertificatesBack = "DROP TABLE certificates;";

// Where a release's processes listen.
constexpr const char* kReleasePort = R"sql(
ALTER TABLE releases ADD COLUMN port INTEGER NOT NULL DEFAULT 0;
)sql";
constexpr const char* kReleasePortBack = "ALTER TABLE releases DROP COLUMN port;";

constexpr std::array<Step, 6> kSteps{{{kFirst, kFirstBack},
                                      {kConfigVersions, kConfigVersionsBack},
                                      {kCalls, kCallsBack},
                                      {kRights, kRightsBack},
                                      {kCertificates, kCertificatesBack},
                                      {kReleasePort, kReleasePortBack}}};

Result<> set_version(Connection& connection, int version) {
  return connection.execute("PRAGMA user_version=" + std::to_string(version));
}

Result<> take_step(Connection& connection, int version, const Step& step) {
  TRY(connection.execute(step.up));
  Statement insert = TRY(connection.prepare("INSERT OR REPLACE INTO schema_steps VALUES (?, ?)"));
  TRY(insert.bind(version).bind(step.back).run());
  return set_version(connection, version);
}

Result<> step_back(Connection& connection, int version) {
  std::string sql;
  {
    Statement find = TRY(connection.prepare("SELECT back FROM schema_steps WHERE version = ?"));
    const bool found = TRY(find.bind(version).step());
    if (!found) {
      return fail(Errc::invalid_argument, "schema " + std::to_string(version) + " has no way back");
    }
    sql = find.text(0);
  }
  TRY(connection.execute(sql));
  TRY(connection.execute("DELETE FROM schema_steps WHERE version = " + std::to_string(version)));
  return set_version(connection, version - 1);
}

// All or nothing.
template <class F>
Result<> in_transaction(Connection& connection, F&& change) {
  TRY(connection.execute("BEGIN EXCLUSIVE"));
  Result<> changed = change();
  if (!changed) {
    TRY(connection.execute("ROLLBACK"));
    return changed;
  }
  return connection.execute("COMMIT");
}

}  // namespace

int schema_version() { return static_cast<int>(kSteps.size()); }

Result<int> schema_version_of(Connection& connection) {
  Statement pragma = TRY(connection.prepare("PRAGMA user_version"));
  TRY(pragma.step());
  return static_cast<int>(pragma.integer(0));
}

namespace {

constexpr const char* kStepsTable =
    "CREATE TABLE IF NOT EXISTS schema_steps (version INTEGER PRIMARY KEY, back TEXT)";

Result<> take_steps(Connection& connection, int from, int to) {
  TRY(connection.execute(kStepsTable));
  for (int version = from + 1; version <= to; ++version) {
    TRY(take_step(connection, version, kSteps[static_cast<std::size_t>(version - 1)]));
  }
  return {};
}

}  // namespace

Result<> create_schema(Connection& connection, int version) {
  if (version < 1) return fail(Errc::invalid_argument, "no such schema");
  if (version > schema_version()) {
    return fail(Errc::conflict, "it has schema " + std::to_string(version) +
                                    ", written by a newer version; this one knows schema " +
                                    std::to_string(schema_version()));
  }
  return in_transaction(connection, [&] { return take_steps(connection, 0, version); });
}

Result<> bring_schema_up_to_date(Connection& connection) {
  const int found = TRY(schema_version_of(connection));
  if (found > schema_version()) {
    return fail(Errc::conflict, "the database has schema " + std::to_string(found) +
                                    ", written by a newer version; this one knows schema " +
                                    std::to_string(schema_version()) +
                                    ". Install the newer version again, or let it go back with: "
                                    "dokkud --config FILE --schema-back " +
                                    std::to_string(schema_version()));
  }
  if (found == schema_version()) return {};
  return in_transaction(connection,
                        [&] { return take_steps(connection, found, schema_version()); });
}

Result<> step_schema_back(Connection& connection, int version) {
  if (version < 0) return fail(Errc::invalid_argument, "no such schema");
  return in_transaction(connection, [&]() -> Result<> {
    int current = TRY(schema_version_of(connection));
    if (version > current) {
      return fail(Errc::invalid_argument,
                  "the database has schema " + std::to_string(current) + " already");
    }
    for (; current > version; --current) TRY(step_back(connection, current));
    return {};
  });
}

}  // namespace dokku::server
