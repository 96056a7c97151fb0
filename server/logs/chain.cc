#include "server/logs/chain.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/io.h"

namespace dokku::server {
namespace {

constexpr std::size_t kReadBytes = 32 << 10;

// Walks a segment's records from the end, so that the last hundred lines of 10 MB cost one read.
class BackwardScan {
 public:
  explicit BackwardScan(const std::filesystem::path& path) {
    Result<UniqueFd> file = open_file(path, O_RDONLY | O_NOFOLLOW);
    if (!file) return;
    file_ = *std::move(file);
    struct stat info {};
    if (::fstat(file_.get(), &info) == 0) size_ = static_cast<std::uint64_t>(info.st_size);
    low_ = size_;
  }

  // Counts down `wanted` for each app line passed; the offset where the first wanted line begins.
  std::uint64_t find_start(std::size_t* wanted) {
    std::uint64_t end = size_;  // of the record looked at, exclusive of its newline
    std::uint64_t newline = 0;
    if (!last_newline_before(size_, &newline)) return size_;
    end = newline;  // a torn last line is not a record
    for (;;) {
      const bool more = last_newline_before(end, &newline);
      const std::uint64_t begin = more ? newline + 1 : 0;
      if (counts(begin, end)) {
        if (*wanted == 0) return end + 1;
        --*wanted;
      }
      if (!more) return 0;
      end = newline;
    }
  }

 private:
  bool counts(std::uint64_t begin, std::uint64_t end) {
    if (end - begin < kRecordHeadBytes) return false;
    std::array<char, kRecordHeadBytes> head{};
    if (begin >= low_ && begin + head.size() <= low_ + block_.size()) {
      std::memcpy(head.data(), block_.data() + (begin - low_), head.size());
    } else if (::pread(file_.get(), head.data(), head.size(), static_cast<off_t>(begin)) !=
               static_cast<ssize_t>(head.size())) {
      return false;
    }
    const std::optional<Record> record = parse_record({head.data(), head.size()});
    return record && record->whole && record->stream != 's';
  }

  // The newline with the highest offset below `limit`.
  bool last_newline_before(std::uint64_t limit, std::uint64_t* found) {
    for (;;) {
      if (limit > low_) {
        const void* hit = ::memrchr(block_.data(), '\n', static_cast<std::size_t>(limit - low_));
        if (hit != nullptr) {
          *found = low_ + static_cast<std::uint64_t>(static_cast<const char*>(hit) - block_.data());
          return true;
        }
        limit = low_;
      }
      if (low_ == 0) return false;
      const std::uint64_t from = low_ > kReadBytes ? low_ - kReadBytes : 0;
      block_.resize(static_cast<std::size_t>(low_ - from));
      const ssize_t got =
          ::pread(file_.get(), block_.data(), block_.size(), static_cast<off_t>(from));
      if (got != static_cast<ssize_t>(block_.size())) return false;
      low_ = from;
    }
  }

  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::uint64_t low_ = 0;  // offset of block_
  std::string block_;
};

}  // namespace

std::size_t Chain::seek_last(std::size_t lines) {
  std::vector<Segment> mine;
  for (Segment& segment : list_segments(at_.dir)) {
    if (segment.chain == at_.chain) mine.push_back(std::move(segment));
  }
  std::sort(mine.begin(), mine.end(),
            [](const Segment& a, const Segment& b) { return a.sequence > b.sequence; });
  buffer_.clear();
  parsed_ = 0;
  head_.reset();
  std::size_t wanted = lines;
  for (const Segment& segment : mine) {
    at_ = segment;
    offset_ = BackwardScan(segment.path()).find_start(&wanted);
    if (offset_ > 0) break;
  }
  return lines - wanted;
}

const LogLine* Chain::peek() {
  while (!head_) {
    const std::optional<std::string_view> raw = next_raw();
    if (!raw) return nullptr;
    const std::optional<Record> record = parse_record(*raw);
    if (record) accept(*record);
  }
  return &*head_;
}

void Chain::accept(const Record& record) {
  if (record.stream == 's') {
    if (!record.text.starts_with("dropped ")) return;  // start and end are for programs
    head_ = LogLine{std::string(record.time), {}, 's', std::string(record.text) + " lines"};
    return;
  }
  std::string& text = unfinished_[record.stream == 'o' ? 0 : 1];
  text += record.text;
  if (!record.whole && text.size() < kLogLineBytesMax) return;
  head_ = LogLine{std::string(record.time), {}, record.stream, std::move(text)};
  text.clear();
}

std::optional<std::string_view> Chain::next_raw() {
  for (;;) {
    const std::size_t newline = buffer_.find('\n', parsed_);
    if (newline != std::string::npos) {
      const std::string_view line = std::string_view(buffer_).substr(parsed_, newline - parsed_);
      parsed_ = newline + 1;
      return line;
    }
    if (!refill() && !to_next_segment()) return std::nullopt;
  }
}

// False: at the end of this segment as it is now.
bool Chain::refill() {
  buffer_.erase(0, parsed_);
  parsed_ = 0;
  if (buffer_.empty()) buffer_.shrink_to_fit();
  Result<UniqueFd> file = open_file(at_.path(), O_RDONLY | O_NOFOLLOW);
  if (!file) return false;
  std::array<char, kReadBytes> piece;  // NOLINT: filled by pread
  const ssize_t got = ::pread(file->get(), piece.data(), piece.size(), static_cast<off_t>(offset_));
  if (got <= 0) return false;
  // A logger on a full disk cuts off the record that it could not finish and writes another one
  // there. What we hold of a record without an end may be that: read it again next time.
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
  const std::size_t last = bytes.rfind('\n');
  const bool whole_piece_is_one_record = static_cast<std::size_t>(got) == piece.size();
  if (last == std::string_view::npos && !whole_piece_is_one_record) return false;
  const std::size_t used = last == std::string_view::npos ? bytes.size() : last + 1;
  buffer_.append(bytes.substr(0, used));
  offset_ += used;
  return true;
}

// The writer goes on to the next segment only after its last write to this one: so this one is
// read to its end once more before we follow.
bool Chain::to_next_segment() {
  std::optional<Segment> next;
  for (Segment& segment : list_segments(at_.dir)) {
    if (segment.chain != at_.chain || segment.sequence <= at_.sequence) continue;
    if (!next || segment.sequence < next->sequence) next = std::move(segment);
  }
  if (!next) return false;
  if (refill()) return true;
  buffer_.clear();
  parsed_ = 0;
  offset_ = 0;
  at_ = *std::move(next);
  return true;
}

}  // namespace dokku::server
