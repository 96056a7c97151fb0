#include "server/certificates/tar_pair.h"

#include <cstdint>
#include <optional>
#include <string>

namespace dokku::server {
namespace {

// POSIX ustar: header and content in blocks of 512 bytes.
constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeBytes = 12;
constexpr std::size_t kKindAt = 156;

std::string_view text_at(std::string_view block, std::size_t at, std::size_t size) {
  const std::string_view field = block.substr(at, size);
  return field.substr(0, field.find('\0'));
}

std::optional<std::uint64_t> size_in(std::string_view header) {
  std::uint64_t size = 0;
  for (const char c : text_at(header, kSizeAt, kSizeBytes)) {
    if (c == ' ') continue;
    if (c < '0' || c > '7') return std::nullopt;
    size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return size;
}

// Files that some systems add beside each file are not meant.
bool counts(std::string_view name, std::string_view suffix) {
  const std::string_view base = name.substr(name.rfind('/') == name.npos ? 0 : name.rfind('/') + 1);
  return base.ends_with(suffix) && !base.starts_with("._");
}

Result<> take(std::string& into, std::string_view content, const char* suffix) {
  if (!into.empty()) {
    return fail(Errc::invalid_argument,
                std::string("Tar archive contains more than one ") + suffix + " file");
  }
  into = content;
  return {};
}

}  // namespace

Result<KeyPair> key_pair_from_tar(std::string_view tar) {
  KeyPair pair;
  while (tar.size() >= kBlock && tar.front() != '\0') {
    const std::string_view header = tar.substr(0, kBlock);
    const std::optional<std::uint64_t> size = size_in(header);
    tar.remove_prefix(kBlock);
    if (!size || *size > tar.size()) {
      return fail(Errc::invalid_argument, "The input is not a tar archive, or cut short\nMake one: "
                                          "tar cf certs.tar server.crt server.key");
    }
    const char kind = header[kKindAt];
    const std::string_view name = text_at(header, 0, kNameBytes);
    const std::string_view content = tar.substr(0, *size);
    if (kind == '0' || kind == '\0') {
      if (counts(name, ".crt")) TRY(take(pair.chain, content, ".crt"));
      if (counts(name, ".key")) TRY(take(pair.key, content, ".key"));
    }
    const std::uint64_t whole = (*size + kBlock - 1) / kBlock * kBlock;
    tar.remove_prefix(std::min<std::uint64_t>(whole, tar.size()));
  }
  if (pair.chain.empty()) {
    return fail(Errc::invalid_argument, "Tar archive is missing .crt file");
  }
  if (pair.key.empty()) return fail(Errc::invalid_argument, "Tar archive is missing .key file");
  return pair;
}

Result<std::string> certificate_tar_task(const std::string& tar) {
  const KeyPair pair = TRY(key_pair_from_tar(tar));
  return pair.chain + '\0' + pair.key;
}

}  // namespace dokku::server
