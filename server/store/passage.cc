#include "server/store/passage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "base/io.h"
#include "base/log.h"
#include "server/store/schema.h"
#include "server/store/snapshots.h"
#include "server/store/sql.h"
#include "server/store/store.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<Connection>> open(const fs::path& file) {
  return Connection::open(file, "", Connection::Mode::read_write);
}

std::string schemas(int from, int to) {
  return "schema " + std::to_string(from) + " to " + std::to_string(to);
}

// Pages and references, as `doctor` looks at them.
Result<> whole(Connection& connection) {
  for (const char* pragma : {"PRAGMA quick_check(1)", "PRAGMA foreign_key_check"}) {
    Statement check = TRY(connection.prepare(pragma));
    const bool row = TRY(check.step());
    if (row && check.text(0) != "ok") return fail(Errc::internal, "it is damaged afterwards");
  }
  return {};
}

Result<std::int64_t> events_since(Connection& newer, const fs::path& older) {
  std::int64_t last = 0;
  {
    const std::unique_ptr<Connection> connection = TRY(open(older));
    Statement find = TRY(connection->prepare("SELECT coalesce(max(id), 0) FROM events"));
    TRY(find.step());
    last = find.integer(0);
  }
  Statement count = TRY(newer.prepare(
      "SELECT count(*) FROM events WHERE id > ? AND command NOT LIKE 'upgrade:%'"));
  TRY(count.bind(last).step());
  return count.integer(0);
}

Result<> put_in_place(const fs::path& snapshot, const fs::path& file) {
  const fs::path fresh = file.string() + ".new";
  std::error_code error;
  fs::copy_file(snapshot, fresh, fs::copy_options::overwrite_existing, error);
  if (error) return fail(Errc::internal, fresh.string() + ": " + error.message());
  const UniqueFd written = TRY(open_file(fresh, O_RDWR));
  if (::fsync(written.get()) < 0) return fail_syscall("fsync", errno);
  // The log of the other one was written into it when its last connection was closed.
  for (const char* ending : {"-wal", "-shm"}) fs::remove(file.string() + ending, error);
  fs::rename(fresh, file, error);
  if (error) return fail(Errc::internal, file.string() + ": " + error.message());
  return {};
}

// What the ways back of a version that built them wrongly leave is not believed.
Result<std::string> put_snapshot_back(std::unique_ptr<Connection> newer,
                                      const PassageOptions& options, const std::string& why) {
  for (const Snapshot& snapshot : list_snapshots(options.snapshots)) {
    if (snapshot.schema > schema_version()) continue;
    const fs::path file = options.snapshots / snapshot.file;
    const Result<std::int64_t> events = events_since(*newer, file);
    newer.reset();
    TRY(put_in_place(file, options.file));
    return "The database had no way back (" + why + "): it is the snapshot " + snapshot.file +
           " again. Lost from it: " + (events ? std::to_string(*events) : "all") +
           " commands since then";
  }
  return fail(Errc::conflict, "the database has no way back to schema " +
                                  std::to_string(schema_version()) + " (" + why +
                                  "), and there is no snapshot of it");
}

Result<std::string> go_back(std::unique_ptr<Connection> connection, int found,
                            const PassageOptions& options) {
  Result<> stepped = step_schema_back(*connection, schema_version());
  if (stepped) stepped = whole(*connection);
  if (!stepped) {
    return put_snapshot_back(std::move(connection), options, stepped.error().message());
  }
  return "The database went back from " + schemas(found, schema_version()) +
         " by its own steps: what was done since is kept, but for what only the newer version "
         "can know";
}

}  // namespace

Result<Passage> pass_on(const PassageOptions& options) {
  Passage passage;
  if (!fs::exists(options.file)) return passage;
  std::unique_ptr<Connection> connection = TRY(open(options.file));
  const int found = TRY(schema_version_of(*connection));
  const bool back = found > schema_version();
  const bool steps = found != schema_version();
  if (found == 0 || (back && !options.may_go_back)) return passage;
  if (!steps && options.next_version.empty()) return passage;
  const std::string next = options.next_version.empty()
                               ? "schema-" + std::to_string(schema_version())
                               : options.next_version;
  Result<std::string> taken =
      take_snapshot(*connection, options.snapshots, options.stamp, "before-" + next);
  // A full disk keeps nobody from going back: the way back is one transaction.
  if (!taken && !back) return Fail(std::move(taken).error());
  if (taken) {
    passage.snapshot = *std::move(taken);
  } else {
    log::warn(taken.error().message());
  }
  if (!back) return passage;
  passage.cost = TRY(go_back(std::move(connection), found, options));
  if (!passage.snapshot.empty()) passage.cost += "; all of it is in " + passage.snapshot;
  log::warn(passage.cost);
  return passage;
}

}  // namespace dokku::server
