#include "server/store/store.h"

#include <sqlite3.h>

#include <thread>

#include "dropping_vfs.h"
#include "fixture.h"
#include "server/store/config.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

TEST_F(StoreTest, WhatWasWrittenIsThereAfterReopening) {
  create("blog");
  store_.reset();
  open();
  const Result<App> app = store_->read([](ReadTx& tx) { return find_app(tx, "blog"); });
  ASSERT_TRUE(app);
  EXPECT_EQ(app->created_at, WallTime(std::chrono::seconds(1)));
}

TEST_F(StoreTest, AnErrorLeavesNothingBehind) {
  const std::string before = store_->dump().value();
  const Result<> done = store_->write([&](WriteTx& tx) -> Result<> {
    TRY(set_property(tx, AppId::global, "a", "1"));
    return fail(Errc::conflict, "no");
  });
  EXPECT_EQ(done.error().code(), Errc::conflict);
  EXPECT_EQ(store_->dump().value(), before);
}

TEST_F(StoreTest, OneCallersErrorDoesNotTouchItsGroup) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([this, i] {
      for (int j = 0; j < 20; ++j) {
        const bool fails = (i + j) % 3 == 0;
        const std::string name = std::to_string(i) + "." + std::to_string(j);
        const Result<> done = store_->write([&](WriteTx& tx) -> Result<> {
          TRY(set_property(tx, AppId::global, name, fails ? "bad" : "good"));
          if (fails) return fail(Errc::conflict, "no");
          return {};
        });
        EXPECT_EQ(done.has_value(), !fails);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto all = store_->read([](ReadTx& tx) { return properties(tx, AppId::global, ""); });
  ASSERT_TRUE(all);
  std::size_t good = 0;
  for (int n = 0; n < 16 * 20; ++n) good += (n / 20 + n % 20) % 3 == 0 ? 0 : 1;
  EXPECT_EQ(all->size(), good);
  for (const auto& [name, value] : *all) EXPECT_EQ(value, "good") << name;
}

TEST_F(StoreTest, ReadsInAMomentSeeOneStateUntilTheirOwnThreadWrites) {
  const auto value = [&] {
    return store_->read([](ReadTx& tx) { return property(tx, AppId::global, "a"); })->value_or("");
  };
  const auto set = [&](const std::string& to) {
    EXPECT_TRUE(store_->write(
        [&](WriteTx& tx) { return set_property(tx, AppId::global, "a", to); }));
  };
  set("1");
  {
    const Store::Moment moment(*store_);
    EXPECT_EQ(value(), "1");
    std::thread([&] { set("2"); }).join();
    EXPECT_EQ(value(), "1") << "another thread's write is not of this moment";
    set("3");
    EXPECT_EQ(value(), "3") << "our own is, as it were without the moment";
    std::thread([&] { EXPECT_EQ(value(), "3"); }).join();
  }
  set("4");
  EXPECT_EQ(value(), "4");
}

TEST_F(StoreTest, WhatHoldsForAMomentIsDoneOnceInIt) {
  EXPECT_TRUE(store_->first_in_moment("files"));
  EXPECT_TRUE(store_->first_in_moment("files"));
  for (int i = 0; i < 2; ++i) {
    const Store::Moment moment(*store_);
    EXPECT_TRUE(store_->first_in_moment("files"));
    EXPECT_FALSE(store_->first_in_moment("files"));
    EXPECT_TRUE(store_->first_in_moment("others"));
  }
}

TEST_F(StoreTest, AReaderSeesOneMoment) {
  std::thread writer;
  const Result<> done = store_->read([&](ReadTx& tx) -> Result<> {
    const auto before = TRY(property(tx, AppId::global, "a"));
    writer = std::thread([&] {
      EXPECT_TRUE(store_->write(
          [](WriteTx& write) { return set_property(write, AppId::global, "a", "1"); }));
    });
    writer.join();
    const auto after = TRY(property(tx, AppId::global, "a"));
    EXPECT_EQ(before, after);
    return {};
  });
  EXPECT_TRUE(done);
}

TEST_F(StoreTest, TheFileIsItsOwnersAlone) {
  const auto mode = std::filesystem::status(folder_ / "dokku.db").permissions();
  EXPECT_EQ(mode, std::filesystem::perms(0600));
}

void set_schema(const std::filesystem::path& file, int version) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, ("PRAGMA user_version=" + std::to_string(version)).c_str(), nullptr,
               nullptr, nullptr);
  sqlite3_close(database);
}

TEST_F(StoreTest, ANewerSchemaIsRefusedWithAWayOn) {
  store_.reset();
  set_schema(folder_ / "dokku.db", schema_version() + 1);
  const auto store = Store::open({folder_ / "dokku.db", ""});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::conflict);
  EXPECT_NE(store.error().message().find("newer version"), std::string::npos);
  EXPECT_NE(store.error().message().find("--schema-back"), std::string::npos);
}

TEST_F(StoreTest, StepsLeadBackAndForthAgain) {
  store_.reset();
  const Result<> back = take_schema_back(folder_ / "dokku.db", 0);
  ASSERT_TRUE(back) << back.error().message();
  open();
  create("blog");
}

class PowerCut : public StoreTest {
 protected:
  void SetUp() override {
    DroppingVfs::instance().forget();
    vfs_ = DroppingVfs::kName;
    StoreTest::SetUp();
  }
};

// Opens what a power cut now would leave, and gives what it says about the app.
Result<ConfigValues> values_after_cut(const std::filesystem::path& folder, AppId app) {
  DroppingVfs::instance().power_cut(folder);
  std::unique_ptr<Store> store = TRY(Store::open({folder / "dokku.db", ""}));
  return store->read([&](ReadTx& tx) { return config_values(tx, app); });
}

TEST_F(PowerCut, WhatWasAcknowledgedIsThereAtEveryMoment) {
  const AppId app = create("blog");
  for (int i = 0; i < 40; ++i) {
    const std::string value =
        std::to_string(i) + std::string(static_cast<std::size_t>(i) * 50, 'x');
    const auto set = store_->write([&](WriteTx& tx) {
      return set_config(tx, app, {{"K", value}, {"N" + value, "1"}});
    });
    ASSERT_TRUE(set);
    const auto after = values_after_cut(folder_ / ("cut" + std::to_string(i)), app);
    ASSERT_TRUE(after) << after.error().message();
    ASSERT_EQ(after->count("K"), 1U);
    EXPECT_EQ(after->at("K"), value);
    EXPECT_EQ(after->size(), static_cast<std::size_t>(i) + 2);
  }
}

TEST_F(PowerCut, ManyAtOnceLoseNothingThatWasAcknowledged) {
  const AppId app = create("blog");
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string key = "T" + std::to_string(t) + "_" + std::to_string(i);
        EXPECT_TRUE(store_->write([&](WriteTx& tx) { return set_config(tx, app, {{key, "1"}}); }));
        const auto after = values_after_cut(folder_ / key, app);
        ASSERT_TRUE(after) << after.error().message();
        EXPECT_EQ(after->count(key), 1U) << key;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// The test has teeth: the same write without its sync is lost.
TEST_F(PowerCut, WhatWasNotSyncedIsLost) {
  create("blog");
  sqlite3* database = nullptr;
  const std::string file = (folder_ / "dokku.db").string();
  ASSERT_EQ(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, DroppingVfs::kName),
            SQLITE_OK);
  sqlite3_exec(database,
               "PRAGMA synchronous=NORMAL; INSERT INTO properties VALUES (1, 'loose', '1')",
               nullptr, nullptr, nullptr);
  const auto value = [](Store& store) {
    return store.read([](ReadTx& tx) { return property(tx, AppId{1}, "loose"); });
  };
  EXPECT_EQ(*value(*store_), "1");
  DroppingVfs::instance().power_cut(folder_ / "cut");
  const auto after = Store::open({folder_ / "cut/dokku.db", ""});
  ASSERT_TRUE(after);
  EXPECT_EQ(*value(**after), std::nullopt);
  sqlite3_close(database);
}

}  // namespace
}  // namespace dokku::server
