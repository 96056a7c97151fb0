#include "server/store/config_history.h"

#include <algorithm>
#include <map>

#include "server/store/config.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

std::int64_t number(AppId app) { return static_cast<std::int64_t>(app); }

// The oldest version that a release names; the newest possible one when there is none.
Result<std::uint64_t> oldest_of_releases(const ReadTx& tx, AppId app, std::uint64_t fallback) {
  Statement select =
      TRY(app == AppId::global
              ? tx.connection().prepare("SELECT min(config_global) FROM releases WHERE ?1 = 0")
              : tx.connection().prepare("SELECT min(config_app) FROM releases WHERE app = ?1"));
  TRY(select.bind(number(app)).step());
  return select.is_null(0) ? fallback : static_cast<std::uint64_t>(select.integer(0));
}

Result<> forget_old(WriteTx& tx, AppId app, std::uint64_t newest) {
  if (newest <= kConfigStepsKept) return {};
  std::uint64_t oldest = newest - kConfigStepsKept;
  const std::uint64_t needed = TRY(oldest_of_releases(tx, app, oldest));
  oldest = std::min(oldest, needed);
  TRY(prune_config(tx, app, oldest));
  Statement remove =
      TRY(tx.connection().prepare("DELETE FROM config_versions WHERE app = ? AND version <= ?"));
  return remove.bind(number(app)).bind(static_cast<std::int64_t>(oldest)).run();
}

// What begins with a version was set by it; what ends with it and does not begin anew was unset.
Result<> fill_in_keys(const ReadTx& tx, AppId app, std::map<std::uint64_t, ConfigStep>& steps) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT key, since, until, EXISTS (SELECT 1 FROM config_values AS next WHERE "
      "next.app = old.app AND next.key = old.key AND next.since = old.until) "
      "FROM config_values AS old WHERE app = ? ORDER BY key, since"));
  select.bind(number(app));
  return each_row(select, [&](const Statement& row) -> Result<> {
    const auto begun = steps.find(static_cast<std::uint64_t>(row.integer(1)));
    if (begun != steps.end()) begun->second.set.push_back(row.text(0));
    if (row.is_null(2) || row.integer(3) != 0) return {};
    const auto ended = steps.find(static_cast<std::uint64_t>(row.integer(2)));
    if (ended != steps.end()) ended->second.unset.push_back(row.text(0));
    return {};
  });
}

}  // namespace

Result<> record_config_step(WriteTx& tx, AppId app, const ConfigStep& step) {
  {
    Statement insert = TRY(
        tx.connection().prepare("INSERT OR REPLACE INTO config_versions VALUES (?, ?, ?, ?, ?)"));
    insert.bind(number(app)).bind(static_cast<std::int64_t>(step.version)).bind(step.at);
    TRY(insert.bind(step.who).bind(step.command).run());
  }
  return forget_old(tx, app, step.version);
}

Result<std::vector<ConfigStep>> config_history(const ReadTx& tx, AppId app) {
  std::map<std::uint64_t, ConfigStep> steps;
  {
    Statement select = TRY(tx.connection().prepare(
        "SELECT version, at, who, command FROM config_versions WHERE app = ?"));
    select.bind(number(app));
    TRY(each_row(select, [&](const Statement& row) -> Result<> {
      ConfigStep step;
      step.version = static_cast<std::uint64_t>(row.integer(0));
      step.at = row.time(1);
      step.who = row.text(2);
      step.command = row.text(3);
      steps.emplace(step.version, std::move(step));
      return {};
    }));
  }
  TRY(fill_in_keys(tx, app, steps));
  std::vector<ConfigStep> newest_first;
  for (auto each = steps.rbegin(); each != steps.rend(); ++each) {
    newest_first.push_back(std::move(each->second));
  }
  return newest_first;
}

Result<std::uint64_t> kept_config_version(const ReadTx& tx, AppId app, std::uint64_t version) {
  const std::uint64_t newest = TRY(config_version(tx, app));
  Statement select =
      TRY(tx.connection().prepare("SELECT min(version) - 1 FROM config_versions WHERE app = ?"));
  TRY(select.bind(number(app)).step());
  const auto oldest = select.is_null(0) ? newest : static_cast<std::uint64_t>(select.integer(0));
  if (version >= oldest && version <= newest) return version;
  return fail(Errc::invalid_argument, "Version " + std::to_string(version) +
                                          " is not kept\nVersions " + std::to_string(oldest) +
                                          " to " + std::to_string(newest) + " are");
}

}  // namespace dokku::server
