#include "server/store/builds.h"

#include <array>

#include "server/store/sql.h"

namespace dokku::server {
namespace {

constexpr std::array<std::string_view, 5> kNames{"running", "succeeded", "failed", "canceled",
                                                 "abandoned"};

Result<BuildStatus> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<BuildStatus>(i);
  }
  return fail(Errc::internal, "unknown build status " + std::string(text));
}

Result<Build> read_build(const Statement& row) {
  Build build;
  build.number = static_cast<std::uint64_t>(row.integer(0));
  build.kind = row.text(1);
  build.source = row.text(2);
  build.status = TRY(parse_status(row.text(3)));
  build.release = static_cast<std::uint64_t>(row.integer(4));
  build.error = row.text(5);
  build.started_at = row.time(6);
  if (!row.is_null(7)) build.ended_at = row.time(7);
  return build;
}

Result<std::uint64_t> next_number(WriteTx& tx, AppId app) {
  Statement update = TRY(tx.connection().prepare(
      "UPDATE apps SET last_build = last_build + 1 WHERE id = ? RETURNING last_build"));
  const bool found = TRY(update.bind(static_cast<std::int64_t>(app)).step());
  if (!found) return fail(Errc::not_found, "the app was destroyed meanwhile");
  const auto number = static_cast<std::uint64_t>(update.integer(0));
  TRY(update.run());
  return number;
}

void bind_end(Statement& statement, const Build& build) {
  if (build.ended_at) {
    statement.bind(*build.ended_at);
  } else {
    statement.bind_null();
  }
}

}  // namespace

std::string_view name_of(BuildStatus status) { return kNames[static_cast<std::size_t>(status)]; }

Result<std::uint64_t> add_build(WriteTx& tx, AppId app, const Build& build) {
  const std::uint64_t number = TRY(next_number(tx, app));
  Statement insert = TRY(tx.connection().prepare(
      "INSERT INTO builds (app, number, kind, source, status, release, error, started_at, "
      "ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(static_cast<std::int64_t>(app)).bind(static_cast<std::int64_t>(number));
  insert.bind(build.kind).bind(build.source).bind(name_of(build.status));
  insert.bind(static_cast<std::int64_t>(build.release)).bind(build.error).bind(build.started_at);
  bind_end(insert, build);
  TRY(insert.run());
  return number;
}

Result<> end_build(WriteTx& tx, AppId app, const Build& build) {
  Statement update = TRY(
      tx.connection().prepare("UPDATE builds SET status = ?, release = ?, error = ?, ended_at = ? "
                              "WHERE app = ? AND number = ?"));
  update.bind(name_of(build.status)).bind(static_cast<std::int64_t>(build.release));
  update.bind(build.error);
  bind_end(update, build);
  update.bind(static_cast<std::int64_t>(app)).bind(static_cast<std::int64_t>(build.number));
  return update.run();
}

Result<int> abandon_running_builds(WriteTx& tx, WallTime now) {
  Statement update = TRY(tx.connection().prepare(
      "UPDATE builds SET status = 'abandoned', ended_at = ? WHERE status = 'running'"));
  TRY(update.bind(now).run());
  return tx.connection().changes();
}

Result<std::vector<Build>> list_builds(const ReadTx& tx, AppId app, int count) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT number, kind, source, status, release, error, started_at, ended_at FROM builds "
      "WHERE app = ? ORDER BY number DESC LIMIT ?"));
  select.bind(static_cast<std::int64_t>(app)).bind(std::int64_t{count});
  return collect<Build>(select, read_build);
}

Result<> prune_builds(WriteTx& tx, AppId app, int keep) {
  Statement remove = TRY(tx.connection().prepare(
      "DELETE FROM builds WHERE app = ?1 AND status <> 'running' AND number <= "
      "(SELECT last_build FROM apps WHERE id = ?1) - ?2"));
  return remove.bind(static_cast<std::int64_t>(app)).bind(std::int64_t{keep}).run();
}

}  // namespace dokku::server
