#include "server/store/formation.h"

#include "server/store/sql.h"

namespace dokku::server {

Result<Formation> load_formation(const ReadTx& tx, AppId app) {
  Formation formation;
  Statement select =
      TRY(tx.connection().prepare("SELECT type, count FROM formation WHERE app = ?"));
  select.bind(static_cast<std::int64_t>(app));
  TRY(each_row(select, [&](const Statement& row) -> Result<> {
    formation[row.text(0)] = static_cast<unsigned>(row.integer(1));
    return {};
  }));
  return formation;
}

Result<> save_formation(WriteTx& tx, AppId app, const Formation& counts) {
  for (const auto& [type, count] : counts) {
    Statement insert =
        TRY(tx.connection().prepare("INSERT OR REPLACE INTO formation VALUES (?, ?, ?)"));
    TRY(insert.bind(static_cast<std::int64_t>(app)).bind(type).bind(std::int64_t{count}).run());
  }
  return {};
}

}  // namespace dokku::server
