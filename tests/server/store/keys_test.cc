#include "server/store/keys.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, AKeyIsFoundByItsFingerprintUntilItIsRemoved) {
  const StoredKey key{
      KeyName::parse("alice").value(),
      PublicKey::parse(
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl")
          .value(),
      WallTime(std::chrono::seconds(7))};
  const std::string print = key.key.fingerprint().str();
  write([&](WriteTx& tx) { return add_key(tx, key); });
  const auto found = read([&](ReadTx& tx) { return key_by_fingerprint(tx, print); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name.str(), "alice");
  EXPECT_EQ(found->added_at, key.added_at);
  EXPECT_FALSE(store_->write([&](WriteTx& tx) { return add_key(tx, key); }));
  EXPECT_EQ(write([&](WriteTx& tx) { return remove_key_by_fingerprint(tx, print); }), 1);
  EXPECT_EQ(write([&](WriteTx& tx) { return remove_key_by_name(tx, "alice"); }), 0);
  EXPECT_FALSE(read([&](ReadTx& tx) { return key_by_fingerprint(tx, print); }));
}

}  // namespace
}  // namespace dokku::server
