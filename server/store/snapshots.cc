#include "server/store/snapshots.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/log.h"
#include "server/store/schema.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "schema";
constexpr std::string_view kEnding = ".db";

std::string file_name(const Snapshot& snapshot) {
  return snapshot.stamp + "_" + std::string(kSchema) + std::to_string(snapshot.schema) + "_" +
         snapshot.why + std::string(kEnding);
}

// A version's name becomes part of a file's.
std::string plain(std::string text) {
  for (char& c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("-.+~").find(c) != std::string_view::npos;
    if (!fits) c = '-';
  }
  return text;
}

void remove_oldest(const fs::path& folder) {
  const std::vector<Snapshot> all = list_snapshots(folder);
  for (std::size_t i = kSnapshotsMax; i < all.size(); ++i) {
    std::error_code error;
    fs::remove(folder / all[i].file, error);
    if (error) log::warn("removing " + all[i].file + ": " + error.message());
  }
}

}  // namespace

Result<Snapshot> parse_snapshot(std::string_view file) {
  const auto none = fail(Errc::invalid_argument, "no snapshot: " + std::string(file));
  if (!file.ends_with(kEnding)) return none;
  const std::string_view name = file.substr(0, file.size() - kEnding.size());
  const std::size_t first = name.find('_');
  const std::size_t second = name.find('_', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return none;
  std::string_view number = name.substr(first + 1, second - first - 1);
  if (!number.starts_with(kSchema)) return none;
  number.remove_prefix(kSchema.size());
  Snapshot snapshot;
  const char* const behind = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), behind, snapshot.schema);
  if (error != std::errc() || end != behind) return none;
  snapshot.file = file;
  snapshot.stamp = name.substr(0, first);
  snapshot.why = name.substr(second + 1);
  return snapshot;
}

std::vector<Snapshot> list_snapshots(const fs::path& folder) {
  std::vector<Snapshot> all;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
    Result<Snapshot> snapshot = parse_snapshot(entry.path().filename().string());
    if (!snapshot) continue;
    std::error_code gone;
    const std::uintmax_t bytes = entry.file_size(gone);
    if (gone) continue;
    snapshot->bytes = bytes;
    all.push_back(*std::move(snapshot));
  }
  std::sort(all.begin(), all.end(),
            [](const Snapshot& a, const Snapshot& b) { return a.file > b.file; });
  return all;
}

Result<std::string> take_snapshot(Connection& connection, const fs::path& folder,
                                  const std::string& stamp, const std::string& why) {
  const int schema = TRY(schema_version_of(connection));
  const Snapshot wanted{.file = {}, .stamp = stamp, .schema = schema, .why = plain(why)};
  for (const Snapshot& there : list_snapshots(folder)) {
    if (there.stamp == wanted.stamp && there.why == wanted.why) return there.file;
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms(0700), error);
  if (error) return fail(Errc::internal, folder.string() + ": " + error.message());
  const std::string name = file_name(wanted);
  const fs::path half = folder / (name + ".new");
  fs::remove(half, error);  // of one that was killed
  Result<> copied = connection.copy_to(half);
  if (copied) {
    fs::rename(half, folder / name, error);
    if (error) copied = fail(Errc::internal, half.string() + ": " + error.message());
  }
  if (!copied) {
    fs::remove(half, error);
    return Fail(std::move(copied).error().while_("taking the snapshot " + name));
  }
  remove_oldest(folder);
  return name;
}

}  // namespace dokku::server
