#include "server/store/table_rows.h"

#include <algorithm>

#include "server/store/schema.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

struct Column {
  std::string name;
  std::string type;
};

// Empty: there is no such table.
Result<std::vector<Column>> columns_of(Connection& connection, const std::string& table) {
  Statement select = TRY(connection.prepare("SELECT name, type FROM pragma_table_info(?)"));
  select.bind(std::string_view(table));
  return collect<Column>(select, [](const Statement& row) -> Result<Column> {
    return Column{row.text(0), row.text(1)};
  });
}

Result<std::vector<std::string>> tables(Connection& connection) {
  Statement select = TRY(connection.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND "
      "name NOT IN ('calls', 'schema_steps') ORDER BY name"));
  return collect<std::string>(
      select, [](const Statement& row) -> Result<std::string> { return row.text(0); });
}

Result<bool> belongs_to_apps(Connection& connection, const std::string& table) {
  if (table == "apps") return true;
  const std::vector<Column> columns = TRY(columns_of(connection, table));
  for (const Column& column : columns) {
    if (column.name == "app" && column.type == "INTEGER") return true;
  }
  return false;
}

std::string insert_of(const std::string& table, const std::vector<std::string>& columns,
                      const char* how) {
  std::string names;
  std::string marks;
  for (const std::string& column : columns) {
    names += (names.empty() ? "\"" : ", \"") + column + "\"";
    marks += marks.empty() ? "?" : ", ?";
  }
  return std::string(how) + " INTO \"" + table + "\" (" + names + ") VALUES (" + marks + ")";
}

Result<> insert_row(Connection& connection, const std::string& sql, const Row& row) {
  Statement insert = TRY(connection.prepare(sql));
  for (const Value& value : row) insert.bind_value(value);
  return insert.run();
}

Result<std::int64_t> violations(Connection& connection) {
  Statement check = TRY(connection.prepare("SELECT count(*) FROM pragma_foreign_key_check"));
  TRY(check.step());
  return check.integer(0);
}

// One row of `staged` that belongs to the app, made one of `to`.
Result<> adopt_rows(Connection& from, Connection& into, const std::string& table, AppId there,
                    std::int64_t to) {
  Statement select = TRY(from.prepare("SELECT * FROM \"" + table + "\" WHERE app = ?"));
  select.bind(static_cast<std::int64_t>(there));
  return each_row(select, [&](const Statement& row) -> Result<> {
    std::vector<std::string> names;
    Row values;
    for (int column = 0; column < row.columns(); ++column) {
      const std::string name = row.column_name(column);
      if (name == "id") continue;  // the row's own number is another here
      names.push_back(name);
      values.push_back(name == "app" ? Value(to) : row.value(column));
    }
    return insert_row(into, insert_of(table, names, "INSERT"), values);
  });
}

Result<std::int64_t> adopt_row_of_app(Connection& from, Connection& into, AppId there) {
  Statement select = TRY(from.prepare("SELECT * FROM apps WHERE id = ?"));
  const bool found = TRY(select.bind(static_cast<std::int64_t>(there)).step());
  if (!found) return fail(Errc::internal, "the staged app is not there");
  std::vector<std::string> names;
  Row values;
  for (int column = 0; column < select.columns(); ++column) {
    if (select.column_name(column) == "id") continue;
    names.push_back(select.column_name(column));
    values.push_back(select.value(column));
  }
  TRY(insert_row(into, insert_of("apps", names, "INSERT"), values));
  return into.last_row();
}

}  // namespace

Result<std::vector<std::string>> kept_tables(const ReadTx& tx) { return tables(tx.connection()); }

Result<std::vector<std::string>> tables_of_apps(const ReadTx& tx) {
  const std::vector<std::string> all = TRY(tables(tx.connection()));
  std::vector<std::string> some{"apps"};
  for (const std::string& table : all) {
    const bool belongs = TRY(belongs_to_apps(tx.connection(), table));
    if (belongs && table != "apps") some.push_back(table);
  }
  return some;
}

Result<> read_table(const ReadTx& tx, const TableWish& wish,
                    const std::function<Result<>(const std::vector<std::string>&)>& columns,
                    const std::function<Result<>(const Row&)>& row) {
  const char* key = wish.table == "apps" ? "id" : "app";
  const std::string where = wish.app ? std::string(" WHERE ") + key + " = ?" : "";
  Statement select = TRY(tx.connection().prepare("SELECT * FROM \"" + wish.table + "\"" + where));
  if (wish.app) select.bind(static_cast<std::int64_t>(*wish.app));
  std::vector<std::string> names;
  for (int column = 0; column < select.columns(); ++column) {
    names.push_back(select.column_name(column));
  }
  TRY(columns(names));
  return each_row(select, [&](const Statement& each) -> Result<> {
    Row values;
    for (int column = 0; column < each.columns(); ++column) values.push_back(each.value(column));
    return row(values);
  });
}

// --- staged

StagedRows::StagedRows(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
StagedRows::~StagedRows() = default;

Result<std::unique_ptr<StagedRows>> StagedRows::create(const std::filesystem::path& file,
                                                       int schema) {
  auto connection = TRY(Connection::open(file, "", Connection::Mode::read_write));
  TRY(create_schema(*connection, schema));
  // Rows come in any order; `finish` looks whether they fit together. Nobody needs half of it.
  TRY(connection->execute("PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; BEGIN"));
  return std::unique_ptr<StagedRows>(new StagedRows(std::move(connection)));
}

Result<> StagedRows::begin_table(const std::string& name, const std::vector<std::string>& columns,
                                 bool of_apps) {
  const std::vector<std::string> known = TRY(tables(*connection_));
  const bool belongs = TRY(belongs_to_apps(*connection_, name));
  if (std::find(known.begin(), known.end(), name) == known.end() || (of_apps && !belongs)) {
    return fail(Errc::invalid_argument, "The backup's rows: no table is called so");
  }
  const std::vector<Column> there = TRY(columns_of(*connection_, name));
  for (const std::string& column : columns) {
    const bool found = std::any_of(there.begin(), there.end(),
                                   [&](const Column& each) { return each.name == column; });
    if (!found) return fail(Errc::invalid_argument, "The backup's rows: no column is called so");
  }
  // The row that stands for all apps is in a new database already.
  insert_ = insert_of(name, columns, name == "apps" ? "INSERT OR REPLACE" : "INSERT");
  return {};
}

Result<> StagedRows::add(const Row& row) {
  Result<> added = insert_row(*connection_, insert_, row);
  if (added || added.error().code() == Errc::unavailable) return added;
  return fail(Errc::invalid_argument, "The backup's rows: " + added.error().message());
}

Result<> StagedRows::finish() {
  const std::int64_t wrong = TRY(violations(*connection_));
  if (wrong != 0) return fail(Errc::invalid_argument, "The backup's rows do not fit together");
  TRY(connection_->execute("COMMIT"));
  connection_.reset();
  return {};
}

// --- into the store that serves

Result<> replace_rows(WriteTx& tx, const std::filesystem::path& staged) {
  Connection& into = tx.connection();
  const auto from = TRY(Connection::open(staged, "", Connection::Mode::read_only));
  const std::vector<std::string> all = TRY(tables(into));
  // Until the commit a row may refer to one that is not there yet.
  TRY(into.execute("PRAGMA defer_foreign_keys=ON"));
  for (const std::string& table : all) TRY(into.execute("DELETE FROM \"" + table + "\""));
  for (const std::string& table : all) {
    Statement select = TRY(from->prepare("SELECT * FROM \"" + table + "\""));
    std::vector<std::string> names;
    for (int column = 0; column < select.columns(); ++column) {
      names.push_back(select.column_name(column));
    }
    const std::string sql = insert_of(table, names, "INSERT");
    TRY(each_row(select, [&](const Statement& each) -> Result<> {
      Row row;
      for (int column = 0; column < each.columns(); ++column) row.push_back(each.value(column));
      return insert_row(into, sql, row);
    }));
  }
  const std::int64_t wrong = TRY(violations(into));
  if (wrong != 0) return fail(Errc::internal, "the staged rows do not fit together");
  return {};
}

Result<App> adopt_app(WriteTx& tx, const std::filesystem::path& staged, const App& there) {
  const Result<App> taken = find_app(tx, there.name);
  if (taken) return fail(Errc::already_exists, "Name is already taken");
  if (taken.error().code() != Errc::not_found) return taken;
  Connection& into = tx.connection();
  const auto from = TRY(Connection::open(staged, "", Connection::Mode::read_only));
  const std::int64_t id = TRY(adopt_row_of_app(*from, into, there.id));
  const std::vector<std::string> some = TRY(tables_of_apps(tx));
  TRY(into.execute("PRAGMA defer_foreign_keys=ON"));
  for (const std::string& table : some) {
    if (table != "apps") TRY(adopt_rows(*from, into, table, there.id, id));
  }
  // Versions of the global config count from another beginning here.
  Statement update = TRY(into.prepare(
      "UPDATE releases SET config_global = (SELECT config_version FROM apps WHERE id = 0) "
      "WHERE app = ?"));
  TRY(update.bind(id).run());
  return find_app(tx, there.name);
}

}  // namespace dokku::server
