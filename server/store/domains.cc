#include "server/store/domains.h"

#include "server/store/sql.h"

namespace dokku::server {

Result<std::vector<Domain>> list_domains(const ReadTx& tx, AppId app) {
  Statement select =
      TRY(tx.connection().prepare("SELECT name FROM domains WHERE app = ? ORDER BY id"));
  select.bind(static_cast<std::int64_t>(app));
  return collect<Domain>(select, [](const Statement& row) { return Domain::parse(row.text(0)); });
}

Result<std::optional<AppName>> domain_owner(const ReadTx& tx, const Domain& domain) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT a.name FROM domains d JOIN apps a ON a.id = d.app WHERE d.name = ? AND d.app <> 0"));
  const bool found = TRY(select.bind(domain.str()).step());
  if (!found) return std::optional<AppName>();
  AppName owner = TRY(AppName::parse(select.text(0)));
  return std::optional<AppName>(std::move(owner));
}

Result<bool> add_domain(WriteTx& tx, AppId app, const Domain& domain) {
  {
    Statement has =
        TRY(tx.connection().prepare("SELECT 1 FROM domains WHERE app = ? AND name = ?"));
    const bool found = TRY(has.bind(static_cast<std::int64_t>(app)).bind(domain.str()).step());
    if (found) return false;
  }
  if (app != AppId::global) {
    const std::optional<AppName> owner = TRY(domain_owner(tx, domain));
    if (owner) {
      return fail(Errc::conflict, domain.str() + " is already used by app " + owner->str() +
                                      "\nTake it from there first: dokku domains:remove " +
                                      owner->str() + " " + domain.str());
    }
  }
  Statement insert = TRY(tx.connection().prepare("INSERT INTO domains (app, name) VALUES (?, ?)"));
  TRY(insert.bind(static_cast<std::int64_t>(app)).bind(domain.str()).run());
  return true;
}

Result<bool> remove_domain(WriteTx& tx, AppId app, const Domain& domain) {
  Statement remove = TRY(tx.connection().prepare("DELETE FROM domains WHERE app = ? AND name = ?"));
  TRY(remove.bind(static_cast<std::int64_t>(app)).bind(domain.str()).run());
  return tx.connection().changes() > 0;
}

Result<> clear_domains(WriteTx& tx, AppId app) {
  Statement remove = TRY(tx.connection().prepare("DELETE FROM domains WHERE app = ?"));
  return remove.bind(static_cast<std::int64_t>(app)).run();
}

}  // namespace dokku::server
