#include "buildstep/tar/tar_writer.h"

#include <cstdio>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace dokku::buildstep {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kBufferBytes = 256 << 10;
constexpr mode_t kPermissions = 07777;

struct Header {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char time[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[8];
  char user[32];
  char group[32];
  char rest[183];
};
static_assert(sizeof(Header) == kBlock);

// Octal digits and a zero byte; what does not fit so in base 256, marked by the highest bit.
template <std::size_t size>
void put_number(char (&field)[size], std::uint64_t value) {
  if (value >> (3 * (size - 1)) == 0) {
    for (std::size_t i = size - 1; i-- > 0; value >>= 3) {
      field[i] = static_cast<char>('0' + (value & 7));
    }
    return;
  }
  for (std::size_t i = size; i-- > 0; value >>= 8) field[i] = static_cast<char>(value & 0xff);
  field[0] = static_cast<char>(0x80);
}

// Six digits, a zero byte and a space, over the header with spaces in their place.
void put_checksum(Header& header) {
  std::memset(header.checksum, ' ', sizeof header.checksum);
  unsigned sum = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  for (std::size_t i = 0; i < sizeof header; ++i) sum += bytes[i];
  for (std::size_t i = 6; i-- > 0; sum >>= 3) header.checksum[i] = static_cast<char>('0' + sum % 8);
  header.checksum[6] = '\0';
}

Header header_of(char type, std::uint64_t size) {
  Header header{};
  header.type = type;
  put_number(header.mode, 0);
  put_number(header.uid, 0);
  put_number(header.gid, 0);
  put_number(header.size, size);
  put_number(header.time, 0);
  std::memcpy(header.magic, "ustar  ", sizeof header.magic);
  return header;
}

std::string_view bytes_of(const Header& header) {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

char type_of(const TarEntry& entry) {
  if (!entry.twin.empty()) return '1';
  if (S_ISDIR(entry.mode)) return '5';
  return S_ISLNK(entry.mode) ? '2' : '0';
}

}  // namespace

TarWriter::TarWriter(Sink sink) : sink_(std::move(sink)) { buffer_.reserve(kBufferBytes); }

Result<> TarWriter::add(const TarEntry& entry) {
  TRY(end_of_data());
  std::string name = entry.path;
  if (S_ISDIR(entry.mode) && !name.ends_with('/')) name += '/';
  const std::string& link = entry.twin.empty() ? entry.link : entry.twin;
  const char type = type_of(entry);
  Header header = header_of(type, type == '0' ? entry.size : 0);
  if (link.size() > sizeof header.link) TRY(add_long('K', link));
  if (name.size() > sizeof header.name) TRY(add_long('L', name));
  put_number(header.mode, entry.mode & kPermissions);
  put_number(header.uid, entry.uid);
  put_number(header.gid, entry.gid);
  put_number(header.time, static_cast<std::uint64_t>(entry.time));
  std::memcpy(header.name, name.data(), std::min(name.size(), sizeof header.name));
  std::memcpy(header.link, link.data(), std::min(link.size(), sizeof header.link));
  put_checksum(header);
  TRY(put(bytes_of(header)));
  left_ = type == '0' ? entry.size : 0;
  written_ = 0;
  return {};
}

// GNU's way: an entry whose data is the name of the next one.
Result<> TarWriter::add_long(char kind, const std::string& text) {
  Header header = header_of(kind, text.size() + 1);
  constexpr std::string_view kName = "././@LongLink";
  std::memcpy(header.name, kName.data(), kName.size());
  put_checksum(header);
  TRY(put(bytes_of(header)));
  left_ = text.size() + 1;
  written_ = 0;
  TRY(data({text.c_str(), text.size() + 1}));
  return end_of_data();
}

Result<> TarWriter::data(std::string_view bytes) {
  CHECK(bytes.size() <= left_);
  left_ -= bytes.size();
  written_ += bytes.size();
  return put(bytes);
}

Result<> TarWriter::end_of_data() {
  CHECK(left_ == 0);
  const std::size_t over = std::exchange(written_, 0) % kBlock;
  return over == 0 ? Result<>() : put(std::string(kBlock - over, '\0'));
}

Result<> TarWriter::finish() {
  TRY(end_of_data());
  TRY(put(std::string(2 * kBlock, '\0')));
  return flush();
}

Result<> TarWriter::put(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) TRY(flush());
  if (bytes.size() >= kBufferBytes) return sink_(bytes);
  buffer_ += bytes;
  return {};
}

Result<> TarWriter::flush() {
  if (buffer_.empty()) return {};
  TRY(sink_(buffer_));
  buffer_.clear();
  return {};
}

}  // namespace dokku::buildstep
