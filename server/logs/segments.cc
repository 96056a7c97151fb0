#include "server/logs/segments.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "base/io.h"

namespace dokku::server {
namespace fs = std::filesystem;
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Names in `dir`, none when it cannot be read.
std::vector<fs::path> entries(const fs::path& dir) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
    found.push_back(at->path());
  }
  return found;
}

struct Aged {
  fs::path path;
  std::uint64_t bytes = 0;
  timespec written{};
};

std::vector<Aged> all_segments(const fs::path& logs_dir) {
  std::vector<Aged> found;
  for (const fs::path& app : entries(logs_dir)) {
    for (const fs::path& process : entries(app)) {
      for (const Segment& segment : list_segments(process)) {
        struct stat info {};
        const fs::path path = segment.path();
        if (::lstat(path.c_str(), &info) < 0) continue;
        found.push_back({path, static_cast<std::uint64_t>(info.st_size), info.st_mtim});
      }
    }
  }
  return found;
}

bool being_written(const fs::path& path) {
  Result<UniqueFd> file = open_file(path, O_RDONLY | O_NOFOLLOW);
  return file && ::flock(file->get(), LOCK_EX | LOCK_NB) < 0;
}

}  // namespace

fs::path Segment::path() const {
  char number[16];
  std::snprintf(number, sizeof number, ".%06u.log", sequence);
  return dir / (chain + number);
}

std::optional<Segment> parse_segment_name(const fs::path& dir, std::string_view name) {
  constexpr std::size_t kStartDigits = 20, kTail = 11;  // ".000001.log"
  if (name.size() < kStartDigits + 2 + kTail || name.size() > 200) return std::nullopt;
  const std::string_view tail = name.substr(name.size() - kTail);
  if (tail.front() != '.' || !tail.ends_with(".log")) return std::nullopt;
  const std::string_view number = tail.substr(1, 6);
  if (!all_digits(number) || !all_digits(name.substr(0, kStartDigits))) return std::nullopt;
  if (name[kStartDigits] != '-') return std::nullopt;
  unsigned sequence = 0;
  for (char c : number) sequence = sequence * 10 + static_cast<unsigned>(c - '0');
  return Segment{dir, std::string(name.substr(0, name.size() - kTail)), sequence};
}

std::vector<Segment> list_segments(const fs::path& process_dir) {
  std::vector<Segment> found;
  for (const fs::path& path : entries(process_dir)) {
    std::optional<Segment> segment = parse_segment_name(process_dir, path.filename().string());
    if (segment) found.push_back(*std::move(segment));
  }
  return found;
}

std::optional<Record> parse_record(std::string_view line) {
  if (line.size() < kRecordHeadBytes || line[4] != '-' || line[10] != 'T' || line[29] != 'Z' ||
      line[30] != ' ' || line[32] != ' ' || line[34] != ' ') {
    return std::nullopt;
  }
  Record record;
  record.time = line.substr(0, 30);
  record.stream = line[31];
  record.whole = line[33] != 'P';
  record.text = line.substr(kRecordHeadBytes);
  if (record.stream != 'o' && record.stream != 'e' && record.stream != 's') return std::nullopt;
  return record;
}

Result<> remove_logs(const fs::path& app_dir) {
  std::error_code error;
  fs::remove_all(app_dir, error);
  if (error) return fail_syscall("removing " + app_dir.string(), error.value());
  return {};
}

Result<std::uint64_t> trim_logs(const fs::path& logs_dir, std::uint64_t bytes_max) {
  std::vector<Aged> segments = all_segments(logs_dir);
  std::sort(segments.begin(), segments.end(), [](const Aged& a, const Aged& b) {
    if (a.written.tv_sec != b.written.tv_sec) return a.written.tv_sec < b.written.tv_sec;
    return a.written.tv_nsec < b.written.tv_nsec;
  });
  std::uint64_t total = 0;
  for (const Aged& segment : segments) total += segment.bytes;
  std::uint64_t freed = 0;
  for (const Aged& segment : segments) {
    if (total - freed <= bytes_max) break;
    if (being_written(segment.path)) continue;
    if (::unlink(segment.path.c_str()) == 0) freed += segment.bytes;
  }
  return freed;
}

}  // namespace dokku::server
