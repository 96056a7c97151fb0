#include "server/store/snapshots.h"

#include <gmock/gmock.h>

#include "server/store/sql.h"
#include "fixture.h"

namespace dokku::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Snapshots : public StoreTest {
 protected:
  Result<std::string> take(const std::string& stamp, const std::string& why) {
    auto connection = Connection::open(folder_ / "dokku.db", "", Connection::Mode::read_write);
    if (!connection) return Fail(connection.error());
    return take_snapshot(**connection, folder_ / "snapshots", stamp, why);
  }
  std::vector<std::string> files() {
    std::vector<std::string> all;
    for (const Snapshot& one : list_snapshots(folder_ / "snapshots")) all.push_back(one.file);
    return all;
  }
};

TEST_F(Snapshots, AreWholeDatabasesThatNobodyElseReads) {
  create("blog");
  const Result<std::string> file = take("2026-01-02T03-04-05Z", "before-0.2.0");
  ASSERT_TRUE(file) << file.error().message();
  const std::string dump = *store_->dump();
  store_ = *Store::open({folder_ / "snapshots" / *file, ""});
  EXPECT_EQ(*store_->dump(), dump);
  const auto mode = std::filesystem::status(folder_ / "snapshots" / *file).permissions();
  EXPECT_EQ(mode, std::filesystem::perms(0600));
  const Snapshot one = list_snapshots(folder_ / "snapshots").at(0);
  EXPECT_EQ(one.stamp, "2026-01-02T03-04-05Z");
  EXPECT_EQ(one.schema, schema_version());
  EXPECT_EQ(one.why, "before-0.2.0");
  EXPECT_GT(one.bytes, 4096U);
}

TEST_F(Snapshots, TheFirstOfAChangeIsKept) {
  const std::string file = take("2026-01-02T03-04-05Z", "before-2").value();
  create("later");
  EXPECT_EQ(take("2026-01-02T03-04-05Z", "before-2").value(), file);
  EXPECT_EQ(files().size(), 1U);
  store_ = *Store::open({folder_ / "snapshots" / file, ""});
  EXPECT_EQ(store_->dump()->find("later"), std::string::npos);
}

TEST_F(Snapshots, OnlyTheNewestAreKept) {
  for (int day = 1; day <= 7; ++day) {
    ASSERT_TRUE(take("2026-01-0" + std::to_string(day) + "T00-00-00Z", "before-2"));
  }
  EXPECT_EQ(files().size(), kSnapshotsMax);
  EXPECT_THAT(files().front(), testing::StartsWith("2026-01-07"));
  EXPECT_THAT(files().back(), testing::StartsWith("2026-01-03"));
}

TEST_F(Snapshots, OneThatCannotBeWrittenLeavesNothing) {
  const std::string half = "2026_schema" + std::to_string(schema_version()) + "_before-2.db.new";
  std::filesystem::create_directories(folder_ / "snapshots" / half / "full");
  const Result<std::string> taken = take("2026", "before-2");
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message(), testing::HasSubstr("taking the snapshot 2026_schema"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST(ParseSnapshot, KnowsOursFromOthers) {
  const Snapshot one = parse_snapshot("2026-01-02T03-04-05Z_schema12_before-0.2_x.db").value();
  EXPECT_EQ(one.schema, 12);
  EXPECT_EQ(one.why, "before-0.2_x");
  for (const char* other : {"", ".db", "dokku.db", "a_b_c.db", "a_schema_c.db", "a_schema1x_c.db",
                            "a_schema1_c.db.new", "a_schema1.db"}) {
    EXPECT_FALSE(parse_snapshot(other)) << other;
  }
}

}  // namespace
}  // namespace dokku::server
