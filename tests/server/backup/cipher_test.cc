#include "server/backup/cipher.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

std::string unhex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
  }
  return bytes;
}

TEST(Cipher, ScryptIsThatOfTheStandard) {  // RFC 7914, 12, its first 32 bytes
  const auto key = key_of_passphrase("password", "NaCl", {.log2_n = 10, .r = 8, .p = 16});
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(key->view(), unhex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"));
}

TEST(Cipher, ScryptDoesNoMoreWorkThanABackupOfOursAsksFor) {
  for (const ScryptCost& cost : {ScryptCost{22, 8, 1}, ScryptCost{63, 8, 1}, ScryptCost{10, 8, 255},
                                 ScryptCost{0, 8, 1}, ScryptCost{10, 0, 1}, ScryptCost{10, 8, 0}}) {
    const auto key = key_of_passphrase("p", "s", cost);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code(), Errc::limit_exceeded);
  }
}

TEST(Cipher, HkdfIsThatOfTheStandard) {  // RFC 5869, A.1, its first 32 bytes
  const auto key = hkdf(std::string(22, '\x0b'), unhex("000102030405060708090a0b0c"),
                        unhex("f0f1f2f3f4f5f6f7f8f9"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->view(), unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
}

TEST(Cipher, X25519IsThatOfTheStandard) {  // RFC 7748, 6.1
  const SealKey alice =
      SealKey::of(unhex("77076d0a7318a57d3c16c17251b26645df4cdf92ebc099a3e8f6e6d3e1a5b8b6"));
  const SealKey bob = SealKey::random();
  const auto alices = public_of(alice);
  const auto bobs = public_of(bob);
  ASSERT_TRUE(alices && bobs);
  const auto one = shared_secret(alice, *bobs);
  const auto other = shared_secret(bob, *alices);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->view(), other->view());
}

TEST(Cipher, NobodySealsForAKeyThatMakesEverySecretTheSame) {
  EXPECT_FALSE(shared_secret(SealKey::random(), SealKey()));
}

TEST(Cipher, OpensWhatWasSealedAndNothingElse) {
  Aead aead(SealKey::random());
  const std::string nonce(kNonceBytes, 'n');
  std::string sealed;
  ASSERT_TRUE(aead.seal(nonce, "plain", sealed));
  EXPECT_EQ(sealed.size(), 5 + kTagBytes);
  std::string plain;
  ASSERT_TRUE(aead.open(nonce, sealed, plain));
  EXPECT_EQ(plain, "plain");
  EXPECT_FALSE(aead.open(std::string(kNonceBytes, 'm'), sealed, plain));
  EXPECT_TRUE(plain.empty());
  EXPECT_FALSE(Aead(SealKey::random()).open(nonce, sealed, plain));
  EXPECT_FALSE(aead.open(nonce, "short", plain));
  sealed[2] = static_cast<char>(sealed[2] ^ 1);
  EXPECT_FALSE(aead.open(nonce, sealed, plain));
}

}  // namespace
}  // namespace dokku::server
