#include "server/store/certificates.h"

#include "server/store/sql.h"

namespace dokku::server {

Result<std::optional<KeyPair>> certificate_of(const ReadTx& tx, AppId app) {
  Statement select =
      TRY(tx.connection().prepare("SELECT chain, key FROM certificates WHERE app = ?"));
  const bool found = TRY(select.bind(static_cast<std::int64_t>(app)).step());
  if (!found) return std::optional<KeyPair>();
  return std::optional<KeyPair>(KeyPair{select.text(0), select.text(1)});
}

Result<> set_certificate(WriteTx& tx, AppId app, const std::optional<KeyPair>& pair,
                         WallTime now) {
  if (!pair) {
    Statement remove = TRY(tx.connection().prepare("DELETE FROM certificates WHERE app = ?"));
    return remove.bind(static_cast<std::int64_t>(app)).run();
  }
  Statement insert =
      TRY(tx.connection().prepare("INSERT OR REPLACE INTO certificates VALUES (?, ?, ?, ?)"));
  insert.bind(static_cast<std::int64_t>(app)).bind(pair->chain).bind(pair->key).bind(now);
  return insert.run();
}

}  // namespace dokku::server
