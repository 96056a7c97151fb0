#include "server/backup/backup_key.h"

#include <sstream>

#include "runtime/digest/sha256.h"

namespace dokku::server {
namespace {

constexpr std::string_view kPublic = "dokku-backup-public-";
constexpr std::string_view kSecret = "dokku-backup-secret-";
constexpr std::size_t kDigits = 2 * kKeyBytes;
constexpr std::size_t kCheckDigits = 8;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string check_of(std::string_view prefix, std::string_view digits) {
  const std::string digest = runtime::sha256_of(std::string(prefix) + std::string(digits));
  return digest.substr(digest.find(':') + 1, kCheckDigits);
}

std::string write(std::string_view prefix, const SealKey& key) {
  const std::string digits = hex(key.view());
  return std::string(prefix) + digits + "-" + check_of(prefix, digits);
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

Result<SealKey> parse(std::string_view prefix, std::string_view text) {
  const std::string what = prefix == kPublic ? "a public" : "a secret";
  if (!text.starts_with(prefix) || text.size() != prefix.size() + kDigits + 1 + kCheckDigits) {
    return fail(Errc::invalid_argument,
                "This is not " + what + " key of server:backup-key: " + std::string(prefix) + "…");
  }
  const std::string_view digits = text.substr(prefix.size(), kDigits);
  std::string bytes;
  for (std::size_t i = 0; i < kDigits; i += 2) {
    const int high = digit(digits[i]);
    const int low = digit(digits[i + 1]);
    if (high < 0 || low < 0) break;
    bytes += static_cast<char>(high * 16 + low);
  }
  const bool typed_well = bytes.size() == kKeyBytes &&
                          text.substr(prefix.size() + kDigits + 1) == check_of(prefix, digits);
  if (!typed_well) return fail(Errc::invalid_argument, "This key was mistyped, or is cut");
  return SealKey::of(bytes);
}

}  // namespace

Result<BackupKeyPair> make_backup_key() {
  const SealKey secret = SealKey::random();
  const SealKey open = TRY(public_of(secret));
  return BackupKeyPair{write(kPublic, open), write(kSecret, secret)};
}

Result<SealKey> parse_public_key(std::string_view text) { return parse(kPublic, trimmed(text)); }

Result<SealKey> parse_secret_key(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    const std::string_view word = trimmed(line);
    if (word.empty() || word.starts_with('#')) continue;
    found = word;
    break;
  }
  return parse(kSecret, found);
}

}  // namespace dokku::server
