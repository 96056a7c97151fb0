#include "server/backup/members.h"

#include "base/check.h"
#include "server/backup/little_endian.h"
#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::uint8_t kMember = 1;
constexpr std::uint8_t kEnd = 2;
constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kDigestBytes = 32;

// 32 bytes of "sha256:…".
std::string raw(const std::string& digest) {
  const std::string digits = digest.substr(digest.find(':') + 1);
  CHECK(digits.size() == kDigestDigits);
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i < kDigestDigits; i += 2) {
    bytes += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
  }
  return bytes;
}

}  // namespace

// --- writing

Result<> MemberWriter::write(std::string_view bytes) {
  whole_.update(bytes);
  bytes_ += bytes.size();
  return to_.write(bytes);
}

Result<> MemberWriter::begin(std::string_view name, std::string_view notes) {
  CHECK(!open_ && !name.empty() && name.size() <= kMemberNameMax);
  CHECK(notes.size() <= kMemberNotesMax);
  std::string head(1, static_cast<char>(kMember));
  put_number(head, static_cast<std::uint16_t>(name.size()));
  put_number(head, static_cast<std::uint16_t>(notes.size()));
  head += name;
  head += notes;
  open_ = true;
  ++members_;
  member_ = {};
  member_bytes_ = 0;
  return write(head);
}

Result<> MemberWriter::add(std::string_view bytes) {
  CHECK(open_);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPieceBytesMax);
    bytes.remove_prefix(piece.size());
    std::string length;
    put_number(length, static_cast<std::uint32_t>(piece.size()));
    TRY(write(length));
    TRY(write(piece));
    member_.update(piece);
    member_bytes_ += piece.size();
  }
  return {};
}

Result<> MemberWriter::end() {
  CHECK(open_);
  open_ = false;
  std::string tail;
  put_number(tail, std::uint32_t{0});
  put_number(tail, member_bytes_);
  return write(tail + raw(member_.finish()));
}

Result<> MemberWriter::put(std::string_view name, std::string_view notes, std::string_view bytes) {
  TRY(begin(name, notes));
  TRY(add(bytes));
  return end();
}

Result<> MemberWriter::finish() {
  CHECK(!open_);
  std::string tail(1, static_cast<char>(kEnd));
  put_number(tail, members_);
  TRY(write(tail));
  return to_.write(raw(whole_.finish()));
}

// --- reading

Fail MemberReader::wrong(std::string_view what) const {
  std::string text = "The backup " + std::string(what);
  if (!name_.empty()) text += " (at " + printable(name_) + ")";
  return fail(Errc::invalid_argument, text);
}

// Into piece_, so that one buffer serves all.
Result<> MemberReader::fill(std::size_t size) {
  piece_.resize(size);
  const std::size_t got = TRY(read_full(from_, piece_.data(), size));
  if (got < size) return wrong("is cut: its end is missing");
  bytes_ += size;
  return {};
}

Result<std::string> MemberReader::exactly(std::size_t size) {
  TRY(fill(size));
  whole_.update(piece_);
  return piece_;
}

Result<std::optional<MemberHead>> MemberReader::next() {
  CHECK(!open_);
  const std::string kind = TRY(exactly(1));
  if (kind[0] == static_cast<char>(kEnd)) {
    TRY(read_end());
    return std::optional<MemberHead>();
  }
  if (kind[0] != static_cast<char>(kMember)) return wrong("was changed: no member begins here");
  if (++members_ > kMembersMax) return wrong("has too many members");
  const std::string lengths = TRY(exactly(4));
  const auto name_bytes = number_at<std::uint16_t>(lengths, 0);
  const auto notes_bytes = number_at<std::uint16_t>(lengths, 2);
  if (name_bytes == 0 || name_bytes > kMemberNameMax || notes_bytes > kMemberNotesMax) {
    return wrong("was changed: a name has no such length");
  }
  MemberHead head;
  head.name = TRY(exactly(name_bytes));
  head.notes = TRY(exactly(notes_bytes));
  name_ = head.name;
  open_ = true;
  member_ = {};
  member_bytes_ = 0;
  return std::optional<MemberHead>(std::move(head));
}

Result<std::string_view> MemberReader::piece() {
  CHECK(open_);
  const std::string length = TRY(exactly(4));
  const auto size = number_at<std::uint32_t>(length, 0);
  if (size > kPieceBytesMax) return wrong("was changed: a piece has no such length");
  if (size > 0) {
    TRY(fill(size));
    whole_.update(piece_);
    member_.update(piece_);
    member_bytes_ += size;
    return std::string_view(piece_);
  }
  const std::string tail = TRY(exactly(8 + kDigestBytes));
  open_ = false;
  if (number_at<std::uint64_t>(tail, 0) != member_bytes_) {
    return wrong("was changed: a member has another length");
  }
  if (tail.substr(8) != raw(member_.finish())) {
    return wrong("was changed: a member has another digest");
  }
  return std::string_view();
}

Result<std::string> MemberReader::all(std::size_t bytes_max) {
  std::string text;
  for (;;) {
    const std::string_view bytes = TRY(piece());
    if (bytes.empty()) return text;
    if (text.size() + bytes.size() > bytes_max) return wrong("has a member that is too large");
    text += bytes;
  }
}

Result<> MemberReader::skip() {
  for (;;) {
    const std::string_view bytes = TRY(piece());
    if (bytes.empty()) return {};
  }
}

Result<> MemberReader::read_end() {
  const std::string count = TRY(exactly(8));
  const std::string seen = raw(whole_.finish());
  TRY(fill(kDigestBytes));
  if (number_at<std::uint64_t>(count, 0) != members_) {
    return wrong("was changed: there are not as many members as it says");
  }
  if (piece_ != seen) return wrong("was changed: its digest is another");
  char more = 0;
  const std::size_t got = TRY(from_.read(&more, 1));
  if (got != 0) return wrong("was changed: something follows its end");
  return {};
}

}  // namespace dokku::server
