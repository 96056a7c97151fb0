#include "server/store/schema_steps.h"

namespace dokku::server {
namespace {

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

}  // namespace

std::vector<SchemaStep> released_steps() {
  return {{kFirst, kFirstBack},
          {kConfigVersions, kConfigVersionsBack},
          {kCalls, kCallsBack},
          {kRights, kRightsBack},
          {kCertificates, kCertificatesBack},
          {kReleasePort, kReleasePortBack}};
}

}  // namespace dokku::server
