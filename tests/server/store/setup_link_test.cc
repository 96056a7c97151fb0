#include "server/store/setup_link.h"

#include "fixture.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

class SetupLinks : public Rows {
 protected:
  std::optional<SetupLink> at(WallTime now) {
    return read([&](ReadTx& tx) { return setup_link(tx, now); });
  }
  void put(const std::optional<SetupLink>& link) {
    write([&](WriteTx& tx) { return set_setup_link(tx, link); });
  }
  const WallTime now_{std::chrono::seconds(1'700'000'000)};
};

TEST_F(SetupLinks, AreGoodUntilTheirEnd) {
  EXPECT_FALSE(at(now_));
  put(SetupLink{"digest", now_ + kSetupLinkLife});
  ASSERT_TRUE(at(now_));
  EXPECT_EQ(at(now_)->digest, "digest");
  EXPECT_EQ(at(now_)->until, now_ + kSetupLinkLife);
  EXPECT_TRUE(at(now_ + kSetupLinkLife - std::chrono::seconds(1)));
  EXPECT_FALSE(at(now_ + kSetupLinkLife));
  EXPECT_FALSE(at(now_ - std::chrono::seconds(1)));  // the clock was set back
  put(std::nullopt);
  EXPECT_FALSE(at(now_));
}

TEST_F(SetupLinks, TheNewestCounts) {
  put(SetupLink{"first", now_ + kSetupLinkLife});
  put(SetupLink{"second", now_ + kSetupLinkLife});
  EXPECT_EQ(at(now_)->digest, "second");
}

TEST_F(SetupLinks, WhatIsNotUnderstoodIsNone) {
  for (const char* text : {"", "digest", "digest x", "digest 1700000060x"}) {
    write([&](WriteTx& tx) { return set_property(tx, AppId::global, "setup.link", text); });
    EXPECT_FALSE(at(now_)) << text;
  }
}

}  // namespace
}  // namespace dokku::server
