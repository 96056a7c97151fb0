#include "cli/commands/config_bundle.h"

#include <array>
#include <cstdio>
#include <cstring>

namespace dokku::cli {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameMax = 100;

// POSIX ustar header (pax(1), "ustar Interchange Format").
struct Header {
  std::array<char, kNameMax> name{};
  std::array<char, 8> mode{};
  std::array<char, 8> uid{};
  std::array<char, 8> gid{};
  std::array<char, 12> size{};
  std::array<char, 12> mtime{};
  std::array<char, 8> checksum{};
  char type = '0';
  std::array<char, 100> link{};
  std::array<char, 8> magic{'u', 's', 't', 'a', 'r', '\0', '0', '0'};
  std::array<char, 247> rest{};
};
static_assert(sizeof(Header) == kBlock);

template <std::size_t N>
void put_octal(std::array<char, N>& field, std::size_t value) {
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*zo", static_cast<int>(N - 1), value);
  std::memcpy(field.data(), digits.data(), N);
}

void add_entry(std::string& tar, const std::string& name, char type, const std::string& content) {
  Header header;
  std::memcpy(header.name.data(), name.data(), std::min(name.size(), kNameMax));
  put_octal(header.mode, 0600);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, content.size());
  put_octal(header.mtime, 0);
  header.type = type;
  header.checksum.fill(' ');
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  std::size_t sum = 0;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  std::snprintf(bytes.data() + offsetof(Header, checksum), 8, "%06zo", sum);
  tar += bytes;
  tar += content;
  tar.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

// "LENGTH path=NAME\n", where LENGTH counts itself.
std::string pax_path(const std::string& name) {
  const std::string text = " path=" + name + "\n";
  std::size_t length = text.size() + 1;
  while (std::to_string(length).size() + text.size() != length) ++length;
  return std::to_string(length) + text;
}

}  // namespace

std::string config_bundle(const server::ConfigValues& values) {
  std::string tar;
  for (const auto& [key, value] : values) {
    if (key.size() > kNameMax) add_entry(tar, "pax", 'x', pax_path(key));
    add_entry(tar, key, '0', value);
  }
  tar.append(2 * kBlock, '\0');
  return tar;
}

}  // namespace dokku::cli
