#include "server/model/ssh_key.h"

#include <array>
#include <cstdint>

#include "runtime/digest/sha256.h"
#include "server/model/app_name.h"
#include "server/model/base64.h"

namespace dokku::server {
namespace {

constexpr std::size_t kNameMax = 128;
constexpr std::size_t kLineMax = 16 * 1024;
constexpr std::array<std::string_view, 7> kTypes{"ssh-ed25519",
                                                 "ssh-rsa",
                                                 "ecdsa-sha2-nistp256",
                                                 "ecdsa-sha2-nistp384",
                                                 "ecdsa-sha2-nistp521",
                                                 "sk-ssh-ed25519@openssh.com",
                                                 "sk-ecdsa-sha2-nistp256@openssh.com"};

Fail not_a_key() {
  return fail(Errc::invalid_argument, "Key specified in is not a valid ssh public key");
}

std::string_view next_word(std::string_view& line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

// The blob begins with its type as a string of four length bytes and text (RFC 4251 5).
bool begins_with_type(std::string_view blob, std::string_view type) {
  if (blob.size() <= 4 + type.size()) return false;
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(blob[i]);
  return length == type.size() && blob.substr(4, length) == type;
}

// The rest are strings of the same form that fill the blob exactly.
bool well_formed(std::string_view blob) {
  while (!blob.empty()) {
    if (blob.size() < 4) return false;
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(blob[i]);
    if (length > blob.size() - 4) return false;
    blob.remove_prefix(4 + length);
  }
  return true;
}

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  return bytes;
}

}  // namespace

Result<KeyName> KeyName::parse(std::string_view text) {
  constexpr std::string_view kOthers = "._-@+:";
  bool valid = !text.empty() && text.size() <= kNameMax && text.front() != '-';
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    valid = valid && (letter || kOthers.find(c) != std::string_view::npos);
  }
  if (!valid) return fail(Errc::invalid_argument, "Invalid ssh key name: " + printable(text));
  return KeyName(std::string(text));
}

Result<Fingerprint> Fingerprint::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "SHA256:";
  if (text.size() != kPrefix.size() + 43 || text.substr(0, kPrefix.size()) != kPrefix ||
      !base64_decode(std::string(text.substr(kPrefix.size())) + "=")) {
    return fail(Errc::invalid_argument, "Invalid fingerprint: " + printable(text));
  }
  return Fingerprint(std::string(text));
}

Result<PublicKey> PublicKey::parse(std::string_view line) {
  if (line.size() > kLineMax) return not_a_key();
  const std::string_view type = next_word(line);
  const std::string_view blob = next_word(line);
  bool known = false;
  for (const std::string_view each : kTypes) known = known || each == type;
  if (!known) return not_a_key();
  const Result<std::string> bytes = base64_decode(blob);
  if (!bytes || !begins_with_type(*bytes, type) || !well_formed(*bytes)) return not_a_key();
  std::string digest = base64_encode(from_hex(runtime::sha256_of(*bytes).substr(7)));
  digest.pop_back();  // the padding, which ssh does not print
  return PublicKey(std::string(type), std::string(blob), Fingerprint("SHA256:" + digest));
}

}  // namespace dokku::server
