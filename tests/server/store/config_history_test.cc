#include "server/store/config_history.h"

#include "fixture.h"
#include "server/store/config.h"

namespace dokku::server {
namespace {

class ConfigHistory : public Rows {
 protected:
  void set(const ConfigValues& values, const std::string& who = "alice") {
    write([&](WriteTx& tx) -> Result<bool> {
      const ConfigChange change = TRY(replace_config(tx, app_, values));
      TRY(record_config_step(tx, app_, {change.version, {}, who, "config:set", {}, {}}));
      return true;
    });
  }
  std::vector<ConfigStep> history() {
    return read([&](ReadTx& tx) { return config_history(tx, app_); });
  }
  bool kept(std::uint64_t version) {
    return store_->read([&](ReadTx& tx) { return kept_config_version(tx, app_, version); })
        .has_value();
  }
};

TEST_F(ConfigHistory, NamesWhoAndWhichKeys) {
  set({{"A", "1"}, {"B", "1"}});
  set({{"A", "2"}, {"C", "1"}}, "bob");
  const auto steps = history();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].who, "bob");
  EXPECT_EQ(steps[0].version, 2U);
  EXPECT_EQ(steps[0].set, (std::vector<std::string>{"A", "C"}));
  EXPECT_EQ(steps[0].unset, (std::vector<std::string>{"B"}));
  EXPECT_EQ(steps[1].set, (std::vector<std::string>{"A", "B"}));
}

TEST_F(ConfigHistory, OldValuesAreForgottenButForReleases) {
  set({{"SECRET", "hunter2"}});
  for (unsigned i = 0; i < kConfigStepsKept; ++i) set({{"A", std::to_string(i)}});
  EXPECT_TRUE(kept(1));
  set({{"A", "more"}});
  EXPECT_FALSE(kept(0));
  set({{"A", "again"}});
  EXPECT_FALSE(kept(1));
  EXPECT_EQ(store_->dump()->find("hunter2"), std::string::npos);
  EXPECT_LE(history().size(), kConfigStepsKept);
  const Release release{.config = {.app = 4}};
  write([&](WriteTx& tx) { return add_release(tx, app_, release); });
  for (unsigned i = 0; i < kConfigStepsKept; ++i) set({{"A", "r" + std::to_string(i)}});
  EXPECT_TRUE(kept(4));
}

TEST_F(ConfigHistory, VersionsThatNeverWereAreRefused) {
  set({{"A", "1"}});
  EXPECT_TRUE(kept(0));
  EXPECT_TRUE(kept(1));
  EXPECT_FALSE(kept(2));
}

}  // namespace
}  // namespace dokku::server
