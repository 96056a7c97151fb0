#include "server/store/properties.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, APropertyOfTheAppWins) {
  const auto computed = [&] {
    return read([&](ReadTx& tx) { return computed_property(tx, app_, "x", "default"); });
  };
  EXPECT_EQ(computed(), "default");
  write([&](WriteTx& tx) { return set_property(tx, AppId::global, "x", "global"); });
  EXPECT_EQ(computed(), "global");
  write([&](WriteTx& tx) { return set_property(tx, app_, "x", ""); });
  EXPECT_EQ(computed(), "");
  write([&](WriteTx& tx) { return set_property(tx, app_, "x", std::nullopt); });
  EXPECT_EQ(computed(), "global");
}

}  // namespace
}  // namespace dokku::server
