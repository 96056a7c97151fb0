#include "server/store/releases.h"

#include "server/store/calls.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

#define RELEASE_COLUMNS                                                               \
  "number, state, image_ref, image_digest, config_app, config_global, has_procfile, " \
  "source_file, revision, git_ref, pack, build_inputs, by, why, created_at, app, port"

std::int64_t id(AppId app) { return static_cast<std::int64_t>(app); }
std::int64_t id(std::uint64_t number) { return static_cast<std::int64_t>(number); }

// The maps of a release are rows of one table.
struct Part {
  const char* kind;
  std::map<std::string, std::string> Release::*values;
};
constexpr Part kParts[] = {{"process", &Release::processes},
                           {"default", &Release::config_defaults},
                           {"file", &Release::files}};

Result<> save_parts(WriteTx& tx, AppId app, const Release& release) {
  for (const Part& part : kParts) {
    for (const auto& [name, value] : release.*part.values) {
      Statement insert = TRY(
          tx.connection().prepare("INSERT OR REPLACE INTO release_parts VALUES (?, ?, ?, ?, ?)"));
      insert.bind(id(app)).bind(id(release.number)).bind(std::string_view(part.kind));
      TRY(insert.bind(name).bind_blob(value).run());
    }
  }
  return {};
}

Result<> load_parts(const ReadTx& tx, AppId app, Release& release) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT kind, name, value FROM release_parts WHERE app = ? AND number = ?"));
  select.bind(id(app)).bind(id(release.number));
  return each_row(select, [&](const Statement& row) -> Result<> {
    const std::string kind = row.text(0);
    for (const Part& part : kParts) {
      if (kind == part.kind) (release.*part.values)[row.text(1)] = row.text(2);
    }
    return {};
  });
}

Result<Release> read_row(const Statement& row) {
  Release release;
  release.number = static_cast<std::uint64_t>(row.integer(0));
  release.state = TRY(parse_release_state(row.text(1)));
  release.image_ref = row.text(2);
  release.image_digest = row.text(3);
  release.config.app = static_cast<std::uint64_t>(row.integer(4));
  release.config.global = static_cast<std::uint64_t>(row.integer(5));
  release.has_procfile = row.integer(6) != 0;
  release.source_file = row.text(7);
  release.revision = row.text(8);
  release.git_ref = row.text(9);
  release.pack = row.text(10);
  release.build_inputs = row.text(11);
  release.by = row.text(12);
  release.why = row.text(13);
  release.created_at = row.time(14);
  release.port = static_cast<std::uint16_t>(row.integer(16));
  return release;
}

Result<std::vector<AppRelease>> read_all(const ReadTx& tx, Statement& select) {
  const auto read = [](const Statement& row) -> Result<AppRelease> {
    AppRelease each{static_cast<AppId>(row.integer(15)), {}};
    each.release = TRY(read_row(row));
    return each;
  };
  std::vector<AppRelease> releases = TRY(collect<AppRelease>(select, read));
  for (AppRelease& each : releases) TRY(load_parts(tx, each.app, each.release));
  return releases;
}

Result<std::uint64_t> next_number(WriteTx& tx, AppId app) {
  Statement update = TRY(tx.connection().prepare(
      "UPDATE apps SET last_release = last_release + 1 WHERE id = ? RETURNING last_release"));
  const bool found = TRY(update.bind(id(app)).step());
  if (!found) return fail(Errc::not_found, "the app was destroyed meanwhile");
  const auto number = static_cast<std::uint64_t>(update.integer(0));
  TRY(update.run());
  return number;
}

Result<> put_state(WriteTx& tx, AppId app, std::uint64_t number, ReleaseState state) {
  Statement update =
      TRY(tx.connection().prepare("UPDATE releases SET state = ? WHERE app = ? AND number = ?"));
  return update.bind(name_of(state)).bind(id(app)).bind(id(number)).run();
}

Result<> check_becomes(const Release& release, ReleaseState state) {
  if (can_become(release.state, state)) return {};
  return fail(Errc::conflict, "release " + std::to_string(release.number) + " is " +
                                  std::string(name_of(release.state)) + " and cannot become " +
                                  std::string(name_of(state)));
}

}  // namespace

Result<std::uint64_t> add_release(WriteTx& tx, AppId app, const Release& release) {
  Release row = release;
  row.number = TRY(next_number(tx, app));
  {
    Statement insert = TRY(
        tx.connection().prepare("INSERT INTO releases (" RELEASE_COLUMNS
                                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(id(row.number)).bind(name_of(row.state)).bind(row.image_ref);
    insert.bind(row.image_digest).bind(id(row.config.app)).bind(id(row.config.global));
    insert.bind(std::int64_t{row.has_procfile}).bind(row.source_file).bind(row.revision);
    insert.bind(row.git_ref).bind(row.pack).bind(row.build_inputs).bind(row.by).bind(row.why);
    TRY(insert.bind(row.created_at).bind(id(app)).bind(std::int64_t{row.port}).run());
  }
  TRY(save_parts(tx, app, row));
  note_call_release(app, row.number);
  return row.number;
}

Result<> complete_build(WriteTx& tx, AppId app, const Release& built) {
  const Release now = TRY(find_release(tx, app, built.number));
  TRY(check_becomes(now, ReleaseState::built));
  {
    Statement update = TRY(tx.connection().prepare(
        "UPDATE releases SET state = 'built', image_ref = ?, image_digest = ?, has_procfile = ?, "
        "pack = ?, build_inputs = ?, config_app = ?, config_global = ? WHERE app = ? AND "
        "number = ?"));
    update.bind(built.image_ref).bind(built.image_digest).bind(std::int64_t{built.has_procfile});
    TRY(update.bind(built.pack)
            .bind(built.build_inputs)
            .bind(id(built.config.app))
            .bind(id(built.config.global))
            .bind(id(app))
            .bind(id(built.number))
            .run());
  }
  return save_parts(tx, app, built);
}

Result<> set_release_state(WriteTx& tx, AppId app, std::uint64_t number, ReleaseState state) {
  const Release release = TRY(find_release(tx, app, number));
  TRY(check_becomes(release, state));
  if (state == ReleaseState::live) {
    const std::optional<Release> old = TRY(live_release(tx, app));
    if (old) TRY(put_state(tx, app, old->number, ReleaseState::retired));
  }
  return put_state(tx, app, number, state);
}

Result<> delete_release(WriteTx& tx, AppId app, std::uint64_t number) {
  Statement remove =
      TRY(tx.connection().prepare("DELETE FROM releases WHERE app = ? AND number = ?"));
  return remove.bind(id(app)).bind(id(number)).run();
}

Result<> move_releases(WriteTx& tx, AppId app, const ReleasePlaces& from, const ReleasePlaces& to) {
  {
    Statement images = TRY(tx.connection().prepare(
        "UPDATE releases SET image_ref = ?1 || substr(image_ref, length(?2) + 1) "
        "WHERE app = ?3 AND substr(image_ref, 1, length(?2)) = ?2"));
    TRY(images.bind(to.images).bind(from.images).bind(id(app)).run());
  }
  Statement sources = TRY(tx.connection().prepare(
      "UPDATE releases SET source_file = ?1 || substr(source_file, length(?2) + 1) "
      "WHERE app = ?3 AND substr(source_file, 1, length(?2)) = ?2"));
  return sources.bind(to.sources).bind(from.sources).bind(id(app)).run();
}

Result<Release> find_release(const ReadTx& tx, AppId app, std::uint64_t number) {
  Statement select = TRY(tx.connection().prepare("SELECT " RELEASE_COLUMNS
                                                 " FROM releases WHERE app = ? AND number = ?"));
  const bool found = TRY(select.bind(id(app)).bind(id(number)).step());
  if (!found) return fail(Errc::invalid_argument, "No release " + std::to_string(number));
  Release release = TRY(read_row(select));
  TRY(load_parts(tx, app, release));
  return release;
}

Result<std::optional<Release>> live_release(const ReadTx& tx, AppId app) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT " RELEASE_COLUMNS " FROM releases WHERE app = ? AND state = 'live'"));
  const bool found = TRY(select.bind(id(app)).step());
  if (!found) return std::optional<Release>();
  Release release = TRY(read_row(select));
  TRY(load_parts(tx, app, release));
  return std::optional<Release>(std::move(release));
}

Result<std::vector<Release>> list_releases(const ReadTx& tx, AppId app) {
  Statement select = TRY(tx.connection().prepare(
      "SELECT " RELEASE_COLUMNS " FROM releases WHERE app = ? ORDER BY number DESC"));
  select.bind(id(app));
  std::vector<AppRelease> all = TRY(read_all(tx, select));
  std::vector<Release> releases;
  for (AppRelease& each : all) releases.push_back(std::move(each.release));
  return releases;
}

Result<std::vector<AppRelease>> releases_in(const ReadTx& tx,
                                            const std::vector<ReleaseState>& states) {
  std::vector<AppRelease> found;
  for (const ReleaseState state : states) {
    Statement select = TRY(tx.connection().prepare(
        "SELECT " RELEASE_COLUMNS " FROM releases WHERE state = ? ORDER BY app, number"));
    select.bind(name_of(state));
    std::vector<AppRelease> some = TRY(read_all(tx, select));
    for (AppRelease& each : some) found.push_back(std::move(each));
  }
  return found;
}

#undef RELEASE_COLUMNS

}  // namespace dokku::server
