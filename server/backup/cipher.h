// What a backup is sealed with: AES-256-GCM, scrypt, X25519, HKDF-SHA256. The only OpenSSL of this
// folder.
//
// Pure but for randomness. Threads: any. Errors: invalid_argument (does not open, or limits),
// internal (the library refused).
// Sources: RFC 5116, RFC 7914, RFC 7748, RFC 5869.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kNonceBytes = 12;

// 32 bytes that are wiped when they go.
class SealKey {
 public:
  SealKey() = default;
  SealKey(const SealKey&) = default;
  SealKey& operator=(const SealKey&) = default;
  ~SealKey();
  static SealKey random();
  // CHECKs the size.
  static SealKey of(std::string_view bytes);

  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }
  std::string_view view() const;
  friend bool operator==(const SealKey&, const SealKey&) = default;

 private:
  std::array<unsigned char, kKeyBytes> bytes_{};
};

std::string random_bytes(std::size_t count);

// One key, many messages, each under a nonce of its own. Keeps its contexts, so that a stream of
// small pieces costs no set-up. Threads: one.
class Aead {
 public:
  explicit Aead(const SealKey& key);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // `sealed` becomes plain.size() + kTagBytes long.
  Result<> seal(std::string_view nonce, std::string_view plain, std::string& sealed);
  // invalid_argument: these bytes were not sealed with this key and nonce.
  Result<> open(std::string_view nonce, std::string_view sealed, std::string& plain);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What a passphrase costs to try (RFC 7914).
struct ScryptCost {
  std::uint8_t log2_n = 15;
  std::uint8_t r = 8;
  std::uint8_t p = 3;
  friend bool operator==(const ScryptCost&, const ScryptCost&) = default;
};
// limit_exceeded: more than 256 MiB or 128 rounds, which no backup of ours asks for.
Result<SealKey> key_of_passphrase(std::string_view passphrase, std::string_view salt,
                                  const ScryptCost& cost);

Result<SealKey> hkdf(std::string_view input, std::string_view salt, std::string_view info);

// A key pair of X25519, as raw bytes.
Result<SealKey> public_of(const SealKey& secret);
Result<SealKey> shared_secret(const SealKey& secret, const SealKey& their_public);

}  // namespace dokku::server
