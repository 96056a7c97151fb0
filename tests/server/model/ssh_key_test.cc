#include "server/model/ssh_key.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(KeyName, StaysInsideItsQuotes) {
  for (const char* good : {"alice", "a@b", "admin-1"}) EXPECT_TRUE(KeyName::parse(good)) << good;
  for (const char* bad : {"", "-a", "a b", "a\"b", "a\nb", "a\\b"}) {
    EXPECT_FALSE(KeyName::parse(bad)) << bad;
  }
}

TEST(Fingerprint, HasOneForm) {
  EXPECT_TRUE(Fingerprint::parse("SHA256:" + std::string(43, 'A')));
  for (const std::string bad : {"", "SHA256:", "MD5:aa", "SHA256:AAA' OR 1"}) {
    EXPECT_FALSE(Fingerprint::parse(bad)) << bad;
  }
}

TEST(PublicKey, HasTheFingerprintThatSshPrints) {
  const std::string line =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl";
  const Result<PublicKey> key = PublicKey::parse(line + " alice@laptop");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->fingerprint().str(), "SHA256:57H0RTBq3YvAGilvcmmJptb5/3me1askmJMu5pKVkSU");
  EXPECT_EQ(key->line(), line);
  const std::string blob = line.substr(12);
  for (const std::string& bad :
       {std::string(), std::string("ssh-ed25519"), "ssh-rsa " + blob, "ssh-dss " + blob,
        "no-pty " + line, "ssh-ed25519 " + blob.substr(0, 40), line.substr(0, line.size() - 4),
        "ssh-ed25519 " + blob + "AAAA", line + std::string(20'000, ' ')}) {
    EXPECT_FALSE(PublicKey::parse(bad)) << bad.substr(0, 80);
  }
}

}  // namespace
}  // namespace dokku::server
