#include "server/store/table_rows.h"

#include <algorithm>
#include <map>

#include "fixture.h"
#include "server/store/config.h"
#include "server/store/domains.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

struct Table {
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

class TableRows : public Rows {
 protected:
  std::map<std::string, Table> tables(std::optional<AppId> app = std::nullopt) {
    std::map<std::string, Table> all;
    const Result<> done = store_->read([&](ReadTx& tx) -> Result<> {
      const std::vector<std::string> names = TRY(app ? tables_of_apps(tx) : kept_tables(tx));
      for (const std::string& name : names) {
        TRY(read_table(
            tx, {name, app},
            [&](const std::vector<std::string>& columns) -> Result<> {
              all[name].columns = columns;
              return {};
            },
            [&](const Row& row) -> Result<> {
              all[name].rows.push_back(row);
              return {};
            }));
      }
      return {};
    });
    EXPECT_TRUE(done) << done.error().message();
    return all;
  }

  std::filesystem::path staged(const std::map<std::string, Table>& tables, bool of_apps) {
    const std::filesystem::path file = folder_ / "staged.db";
    std::error_code none;
    std::filesystem::remove(file, none);
    auto rows = StagedRows::create(file, schema_version());
    EXPECT_TRUE(rows) << rows.error().message();
    for (const auto& [name, table] : tables) {
      EXPECT_TRUE((*rows)->begin_table(name, table.columns, of_apps)) << name;
      for (const Row& row : table.rows) EXPECT_TRUE((*rows)->add(row));
    }
    const Result<> done = (*rows)->finish();
    EXPECT_TRUE(done) << done.error().message();
    return file;
  }
};

TEST_F(TableRows, AWholeStoreComesBack) {
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", std::string("x\0y\n", 4)}}); });
  write([&](WriteTx& tx) { return set_config(tx, AppId::global, {{"G", "g"}}); });
  write([&](WriteTx& tx) { return add_domain(tx, app_, *Domain::parse("a.test")); });
  Release release;
  release.processes = {{"web", "run"}};
  add(release);
  const std::string before = *store_->dump();
  const auto file = staged(tables(), false);
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return delete_app(tx, app_); }));
  create("other");
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return replace_rows(tx, file); }));
  EXPECT_EQ(*store_->dump(), before);
}

TEST_F(TableRows, AnAppBecomesOneMore) {
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "1"}}); });
  Release release;
  release.config.global = 7;
  add(release);
  const auto file = staged(tables(app_), true);
  const App there{app_, *AppName::parse("blog")};
  const auto taken = store_->write([&](WriteTx& tx) { return adopt_app(tx, file, there); });
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::already_exists);
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return delete_app(tx, app_); }));
  create("between");
  const auto app = store_->write([&](WriteTx& tx) { return adopt_app(tx, file, there); });
  ASSERT_TRUE(app) << app.error().message();
  EXPECT_NE(app->id, app_);
  EXPECT_EQ(read([&](ReadTx& tx) { return config_values(tx, app->id); }),
            (ConfigValues{{"A", "1"}}));
  const auto releases = read([&](ReadTx& tx) { return list_releases(tx, app->id); });
  ASSERT_EQ(releases.size(), 1U);
  EXPECT_EQ(releases[0].config.global, 0U);  // of this store
}

TEST_F(TableRows, WhatIsNoRowOfOursIsRefused) {
  const auto fresh = [&](int schema) {
    std::error_code none;
    std::filesystem::remove(folder_ / "x.db", none);
    return StagedRows::create(folder_ / "x.db", schema);
  };
  EXPECT_EQ(fresh(schema_version() + 1).error().code(), Errc::conflict);
  EXPECT_FALSE(fresh(0));
  const auto rows = fresh(schema_version());
  ASSERT_TRUE(rows);
  EXPECT_FALSE((*rows)->begin_table("sqlite_master", {"name"}, false));
  EXPECT_FALSE((*rows)->begin_table("calls", {"id"}, false));
  EXPECT_FALSE((*rows)->begin_table("keys", {"id"}, true));
  EXPECT_FALSE((*rows)->begin_table("keys", {"id\") VALUES (1); --"}, false));
  ASSERT_TRUE((*rows)->begin_table("domains", {"app", "name"}, true));
  ASSERT_TRUE((*rows)->add({std::int64_t{42}, std::string("a.test")}));
  EXPECT_FALSE((*rows)->add({std::int64_t{42}, std::string("a.test")}));
  const Result<> done = (*rows)->finish();  // there is no app 42
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message(), "The backup's rows do not fit together");
}

TEST_F(TableRows, RowsOfAnOlderSchemaTakeTheStepsThatAreMissing) {
  std::error_code none;
  std::filesystem::remove(folder_ / "old.db", none);
  {
    const auto rows = StagedRows::create(folder_ / "old.db", 1);
    ASSERT_TRUE(rows);
    ASSERT_TRUE((*rows)->begin_table("keys", {"name", "fingerprint", "line", "added_at"}, false));
    ASSERT_TRUE((*rows)->add(
        {std::string("k"), std::string("SHA256:x"), std::string("ssh-rsa A"), std::int64_t{1}}));
    ASSERT_TRUE((*rows)->finish());
  }
  const auto opened = Store::open({folder_ / "old.db", ""});
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_NE((*opened)->dump()->find("|admin|"), std::string::npos);
}

TEST_F(TableRows, ACopyIsOfOneMomentWhileWritesGoOn) {
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "1"}}); });
  ASSERT_TRUE(store_->copy_to(folder_ / "copy.db"));
  write([&](WriteTx& tx) { return set_config(tx, app_, {{"A", "2"}}); });
  const auto copy = Store::open({folder_ / "copy.db", ""});
  ASSERT_TRUE(copy) << copy.error().message();
  const auto values = (*copy)->read([&](ReadTx& tx) { return config_values(tx, app_); });
  EXPECT_EQ(*values, (ConfigValues{{"A", "1"}}));
  EXPECT_FALSE(store_->copy_to(folder_ / "copy.db"));  // nothing is overwritten
}

}  // namespace
}  // namespace dokku::server
