#include "server/backup/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"

namespace dokku::server {
namespace {

constexpr std::uint64_t kScryptBytesMax = 256ULL << 20;
constexpr std::uint64_t kScryptRoundsMax = 128;

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Fail refused(const char* what) {
  return fail(Errc::internal, std::string("OpenSSL refused: ") + what);
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;
using Pkey = std::unique_ptr<EVP_PKEY, FreeKey>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext>;

}  // namespace

// --- keys

SealKey::~SealKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

SealKey SealKey::random() { return of(random_bytes(kKeyBytes)); }

SealKey SealKey::of(std::string_view bytes) {
  CHECK(bytes.size() == kKeyBytes);
  SealKey key;
  std::memcpy(key.data(), bytes.data(), kKeyBytes);
  return key;
}

std::string_view SealKey::view() const {
  return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1);
  return out;
}

// --- AES-256-GCM

struct Aead::State {
  SealKey key;
  CipherContext sealing{EVP_CIPHER_CTX_new()};
  CipherContext opening{EVP_CIPHER_CTX_new()};
};

Aead::Aead(const SealKey& key) : state_(std::make_unique<State>()) {
  state_->key = key;
  CHECK(state_->sealing != nullptr && state_->opening != nullptr);
  CHECK(EVP_EncryptInit_ex(state_->sealing.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                           nullptr) == 1);
  CHECK(EVP_DecryptInit_ex(state_->opening.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                           nullptr) == 1);
}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Result<> Aead::seal(std::string_view nonce, std::string_view plain, std::string& sealed) {
  CHECK(nonce.size() == kNonceBytes);
  sealed.resize(plain.size() + kTagBytes);
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  EVP_CIPHER_CTX* context = state_->sealing.get();
  int written = 0;
  int last = 0;
  const bool done =
      EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, raw(nonce)) == 1 &&
      EVP_EncryptUpdate(context, out, &written, raw(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context, out + written, &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagBytes, out + plain.size()) == 1;
  if (!done) return refused("AES-256-GCM");
  return {};
}

Result<> Aead::open(std::string_view nonce, std::string_view sealed, std::string& plain) {
  CHECK(nonce.size() == kNonceBytes);
  constexpr const char* kForeign = "it was changed, or sealed with another key";
  if (sealed.size() < kTagBytes) return fail(Errc::invalid_argument, kForeign);
  const std::size_t size = sealed.size() - kTagBytes;
  std::string tag(sealed.substr(size));
  plain.resize(size);
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  EVP_CIPHER_CTX* context = state_->opening.get();
  int written = 0;
  int last = 0;
  const bool done =
      EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, raw(nonce)) == 1 &&
      EVP_DecryptUpdate(context, out, &written, raw(sealed), static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context, out + written, &last) == 1;
  if (done) return {};
  plain.clear();
  return fail(Errc::invalid_argument, kForeign);
}

// --- derivations

Result<SealKey> key_of_passphrase(std::string_view passphrase, std::string_view salt,
                                  const ScryptCost& cost) {
  const std::uint64_t n = 1ULL << std::min<unsigned>(cost.log2_n, 40);
  const std::uint64_t memory = n * cost.r * 128;
  if (memory > kScryptBytesMax || cost.r == 0 || cost.p == 0 || cost.log2_n == 0 ||
      std::uint64_t{cost.r} * cost.p > kScryptRoundsMax) {
    return fail(Errc::limit_exceeded, "its passphrase asks for more work than any backup of ours");
  }
  SealKey key;
  // The library counts some memory of its own.
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), raw(salt), salt.size(), n, cost.r,
                     cost.p, kScryptBytesMax * 2, key.data(), kKeyBytes) != 1) {
    return refused("scrypt");
  }
  return key;
}

Result<SealKey> hkdf(std::string_view input, std::string_view salt, std::string_view info) {
  const PkeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  SealKey key;
  std::size_t size = kKeyBytes;
  const bool done =
      context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_salt(context.get(), raw(salt), static_cast<int>(salt.size())) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), raw(input), static_cast<int>(input.size())) == 1 &&
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), raw(info), static_cast<int>(info.size())) == 1 &&
      EVP_PKEY_derive(context.get(), key.data(), &size) == 1 && size == kKeyBytes;
  if (!done) return refused("HKDF");
  return key;
}

Result<SealKey> public_of(const SealKey& secret) {
  const Pkey own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), kKeyBytes));
  SealKey key;
  std::size_t size = kKeyBytes;
  if (own == nullptr || EVP_PKEY_get_raw_public_key(own.get(), key.data(), &size) != 1) {
    return refused("X25519");
  }
  return key;
}

Result<SealKey> shared_secret(const SealKey& secret, const SealKey& their_public) {
  const Pkey own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), kKeyBytes));
  const Pkey theirs(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, their_public.data(), kKeyBytes));
  if (own == nullptr || theirs == nullptr) return refused("X25519");
  const PkeyContext context(EVP_PKEY_CTX_new(own.get(), nullptr));
  SealKey key;
  std::size_t size = kKeyBytes;
  const bool done = context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
                    EVP_PKEY_derive_set_peer(context.get(), theirs.get()) == 1 &&
                    EVP_PKEY_derive(context.get(), key.data(), &size) == 1;
  // Also for a public key that makes every secret the same (RFC 7748, 6.1).
  if (!done) return fail(Errc::invalid_argument, "this is no key that one can seal for");
  return key;
}

}  // namespace dokku::server
