// Snapshots: whole copies of the database, made before something is done to it that may go wrong.
//
// Files of one folder, "2026-11-21T05-44-07Z_schema6_before-0.2.0.db": when the change began, the
// schema, and what came after. The newest few are kept. Taken by whoever passes the database on to
// other programs (passage.h), listed by `upgrade:status`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::server {

class Connection;  // server/store/sql.h

inline constexpr std::size_t kSnapshotsMax = 5;

struct Snapshot {
  std::string file;   // in its folder
  std::string stamp;  // "2026-11-21T05-44-07Z"
  int schema = 0;
  std::string why;  // "before-0.2.0"
  std::uint64_t bytes = 0;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// Of a file's name; bytes stay 0. invalid_argument: it is none of ours.
Result<Snapshot> parse_snapshot(std::string_view file);
// The newest first. No folder: none.
std::vector<Snapshot> list_snapshots(const std::filesystem::path& folder);
// One for each `stamp` and `why`: the second time is the first's copy, since what comes later may
// have changed the database already. Removes the oldest beyond the maximum. Returns the file's
// name.
Result<std::string> take_snapshot(Connection& connection, const std::filesystem::path& folder,
                                  const std::string& stamp, const std::string& why);

}  // namespace dokku::server
