#include "server/store/schema.h"

#include <string>

#include "server/store/schema_steps.h"
#include "server/store/store.h"

namespace dokku::server {
namespace {

Result<> set_version(Connection& connection, int version) {
  return connection.execute("PRAGMA user_version=" + std::to_string(version));
}

Result<> take_step(Connection& connection, int version, const SchemaStep& step) {
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

int schema_version() { return static_cast<int>(known_steps().size()); }

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
    TRY(take_step(connection, version, known_steps()[static_cast<std::size_t>(version - 1)]));
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
