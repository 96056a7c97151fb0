#include "server/backup/rows.h"

#include <optional>

#include "base/check.h"
#include "server/backup/little_endian.h"

namespace dokku::server {
namespace {

constexpr char kNothing = 0;
constexpr char kInteger = 1;
constexpr char kText = 2;
constexpr char kBytes = 3;
constexpr char kRow = 1;
constexpr char kRowsEnd = 0;
constexpr std::size_t kBufferKept = 1 << 16;

Fail wrong(const char* what) {
  return fail(Errc::invalid_argument, std::string("The backup's rows: ") + what);
}

void put_text(std::string& to, char kind, const std::string& text) {
  CHECK(text.size() <= kValueBytesMax);
  to += kind;
  put_number(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

// One value at `at`, which moves past it. None: more bytes are needed.
Result<std::optional<Value>> value_at(std::string_view bytes, std::size_t& at) {
  if (at >= bytes.size()) return std::optional<Value>();
  const char kind = bytes[at];
  if (kind == kNothing) {
    ++at;
    return std::optional<Value>(Value());
  }
  if (kind == kInteger) {
    if (bytes.size() - at < 9) return std::optional<Value>();
    const auto number = static_cast<std::int64_t>(number_at<std::uint64_t>(bytes, at + 1));
    at += 9;
    return std::optional<Value>(Value(number));
  }
  if (kind != kText && kind != kBytes) return wrong("a value of no known kind");
  if (bytes.size() - at < 5) return std::optional<Value>();
  const std::size_t size = number_at<std::uint32_t>(bytes, at + 1);
  if (size > kValueBytesMax) return wrong("a value is too long");
  if (bytes.size() - at - 5 < size) return std::optional<Value>();
  std::string text(bytes.substr(at + 5, size));
  at += 5 + size;
  if (kind == kText) return std::optional<Value>(Value(std::move(text)));
  return std::optional<Value>(Value(Bytes{std::move(text)}));
}

}  // namespace

std::string encode_columns(const std::vector<std::string>& names) {
  CHECK(names.size() <= kColumnsMax);
  std::string bytes;
  put_number(bytes, static_cast<std::uint16_t>(names.size()));
  for (const std::string& name : names) {
    CHECK(name.size() < 256);
    bytes += static_cast<char>(name.size());
    bytes += name;
  }
  return bytes;
}

std::string encode_row(const Row& row) {
  std::string bytes(1, kRow);
  for (const Value& value : row) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      bytes += kInteger;
      put_number(bytes, static_cast<std::uint64_t>(*number));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      put_text(bytes, kText, *text);
    } else if (const auto* blob = std::get_if<Bytes>(&value)) {
      put_text(bytes, kBytes, blob->value);
    } else {
      bytes += kNothing;
    }
  }
  return bytes;
}

std::string encode_rows_end() { return std::string(1, kRowsEnd); }

Result<> RowReader::feed(std::string_view bytes) {
  buffer_ += bytes;
  for (;;) {
    const bool stepped = TRY(step());
    if (!stepped) break;
  }
  if (buffer_.size() - at_ > kRowBytesMax) return wrong("a row is too long");
  if (at_ == buffer_.size() || at_ > kBufferKept) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  return {};
}

Result<bool> RowReader::step() {
  if (at_ == buffer_.size()) return false;
  if (ended_) return wrong("something follows their end");
  return has_columns_ ? take_row() : take_columns();
}

Result<bool> RowReader::take_columns() {
  const std::string_view bytes = std::string_view(buffer_).substr(at_);
  if (bytes.size() < 2) return false;
  const std::size_t count = number_at<std::uint16_t>(bytes, 0);
  if (count == 0 || count > kColumnsMax) return wrong("no table has so many columns");
  std::vector<std::string> names;
  std::size_t at = 2;
  while (names.size() < count) {
    if (at >= bytes.size()) return false;
    const std::size_t size = static_cast<unsigned char>(bytes[at]);
    if (bytes.size() - at - 1 < size) return false;
    names.emplace_back(bytes.substr(at + 1, size));
    at += 1 + size;
  }
  at_ += at;
  width_ = count;
  has_columns_ = true;
  TRY(columns_(names));
  return true;
}

Result<bool> RowReader::take_row() {
  const char kind = buffer_[at_];
  if (kind == kRowsEnd) {
    ++at_;
    ended_ = true;
    return true;
  }
  if (kind != kRow) return wrong("no row begins here");
  std::size_t at = at_ + 1;
  Row row;
  while (row.size() < width_) {
    std::optional<Value> value = TRY(value_at(buffer_, at));
    if (!value) return false;
    row.push_back(*std::move(value));
  }
  at_ = at;
  TRY(each_(std::move(row)));
  return true;
}

Result<> RowReader::end() const {
  if (ended_) return {};
  return wrong("they end in the middle");
}

}  // namespace dokku::server
