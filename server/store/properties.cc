#include "server/store/properties.h"

#include "server/store/sql.h"

namespace dokku::server {

Result<std::optional<std::string>> property(const ReadTx& tx, AppId app, const std::string& name) {
  Statement select =
      TRY(tx.connection().prepare("SELECT value FROM properties WHERE app = ? AND name = ?"));
  const bool found = TRY(select.bind(static_cast<std::int64_t>(app)).bind(name).step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(select.text(0));
}

Result<std::string> computed_property(const ReadTx& tx, AppId app, const std::string& name,
                                      std::string fallback) {
  const std::optional<std::string> own = TRY(property(tx, app, name));
  if (own) return *own;
  const std::optional<std::string> global = TRY(property(tx, AppId::global, name));
  return global.value_or(std::move(fallback));
}

Result<std::map<std::string, std::string>> properties(const ReadTx& tx, AppId app,
                                                      const std::string& prefix) {
  std::map<std::string, std::string> found;
  Statement select = TRY(tx.connection().prepare(
      "SELECT name, value FROM properties WHERE app = ?1 AND substr(name, 1, length(?2)) = ?2"));
  select.bind(static_cast<std::int64_t>(app)).bind(prefix);
  TRY(each_row(select, [&](const Statement& row) -> Result<> {
    found.emplace(row.text(0), row.text(1));
    return {};
  }));
  return found;
}

Result<> set_property(WriteTx& tx, AppId app, const std::string& name,
                      const std::optional<std::string>& value) {
  if (!value) {
    Statement remove =
        TRY(tx.connection().prepare("DELETE FROM properties WHERE app = ? AND name = ?"));
    return remove.bind(static_cast<std::int64_t>(app)).bind(name).run();
  }
  Statement insert =
      TRY(tx.connection().prepare("INSERT OR REPLACE INTO properties VALUES (?, ?, ?)"));
  return insert.bind(static_cast<std::int64_t>(app)).bind(name).bind(*value).run();
}

}  // namespace dokku::server
