#include "server/store/config.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, ConfigVersionsGrowWithChangesOnly) {
  const auto first = write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "1"}}); });
  EXPECT_EQ(first.version, 1U);
  const auto same = write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "1"}}); });
  EXPECT_EQ(same.version, 1U);
  EXPECT_TRUE(same.keys.empty());
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "2"}, {"B", "3"}}); });
  write([&](WriteTx& tx) { return unset_config(tx, app_, {"B"}); });
  const auto at = [&](std::uint64_t version) {
    return read([&](ReadTx& tx) { return config_values_at(tx, app_, version); });
  };
  EXPECT_EQ(at(0), ConfigValues());
  EXPECT_EQ(at(1), (ConfigValues{{"A", "1"}}));
  EXPECT_EQ(at(2), (ConfigValues{{"A", "2"}, {"B", "3"}}));
  EXPECT_EQ(at(3), (ConfigValues{{"A", "2"}}));
  write([&](WriteTx& tx) { return prune_config(tx, app_, 2); });
  EXPECT_EQ(at(2), (ConfigValues{{"A", "2"}, {"B", "3"}}));
  EXPECT_EQ(store_->dump()->find("|A|1|"), std::string::npos);
}

TEST_F(Rows, AReleaseKeepsTheConfigItWasMadeWith) {
  write([&](WriteTx& tx) { return set_config(tx, AppId::global, {{"A", "g"}, {"G", "g"}}); });
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "own"}}); });
  const auto version = read([&](ReadTx& tx) { return current_config_version(tx, app_); });
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "new"}}); });
  EXPECT_EQ(read([&](ReadTx& tx) { return merged_config_at(tx, app_, version); }),
            (ConfigValues{{"A", "own"}, {"G", "g"}}));
}

TEST_F(Rows, TooMuchConfigIsRefused) {
  ConfigValues values;
  for (int i = 0; i < 12; ++i) values["K" + std::to_string(i)] = std::string(100'000, 'x');
  const auto set = store_->write([&](WriteTx& tx) { return set_config(tx, app_, values); });
  EXPECT_EQ(set.error().code(), Errc::limit_exceeded);
}

}  // namespace
}  // namespace dokku::server
