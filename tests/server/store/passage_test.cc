#include "server/store/passage.h"

#include <gmock/gmock.h>

#include "server/store/events.h"
#include "server/store/schema.h"
#include "server/store/snapshots.h"
#include "server/store/sql.h"
#include "fixture.h"

namespace dokku::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class PassageTest : public StoreTest {
 protected:
  Result<Passage> pass(const std::string& next, bool may_go_back = false) {
    store_.reset();
    return pass_on({.file = folder_ / "dokku.db",
                    .snapshots = folder_ / "snapshots",
                    .stamp = "2026-01-02T03-04-05Z",
                    .next_version = next,
                    .may_go_back = may_go_back});
  }
  // As a version would that knows one step more.
  void take_a_newer_step(const std::string& up, const std::string& back) {
    store_.reset();
    auto connection = Connection::open(folder_ / "dokku.db", "", Connection::Mode::read_write);
    ASSERT_TRUE(connection);
    const std::string number = std::to_string(schema_version() + 1);
    ASSERT_TRUE((*connection)->execute(up));
    ASSERT_TRUE((*connection)
                    ->execute("INSERT INTO schema_steps VALUES (" + number + ", '" + back +
                              "'); PRAGMA user_version=" + number));
  }
  void note_event(const std::string& command) {
    const Result<> noted = store_->write([&](WriteTx& tx) -> Result<> {
      Event event;
      event.command = command;
      return add_event(tx, event);
    });
    ASSERT_TRUE(noted) << noted.error().message();
  }
  std::string dump() { return store_->dump().value(); }
  std::vector<Snapshot> snapshots() { return list_snapshots(folder_ / "snapshots"); }
};

TEST_F(PassageTest, NothingIsDoneForTheSamePrograms) {
  const Result<Passage> passage = pass("");
  ASSERT_TRUE(passage);
  EXPECT_EQ(passage->snapshot, "");
  EXPECT_THAT(snapshots(), IsEmpty());
}

TEST_F(PassageTest, AnUpgradeWithoutASchemaStepLeavesASnapshotToo) {
  EXPECT_THAT(pass("0.2.0")->snapshot, HasSubstr("_before-0.2.0.db"));
  EXPECT_EQ(snapshots().size(), 1U);
}

TEST_F(PassageTest, ASchemaStepLeavesASnapshotWhoeverStartedIt) {
  store_.reset();
  ASSERT_TRUE(take_schema_back(folder_ / "dokku.db", schema_version() - 1));
  ASSERT_TRUE(pass(""));
  ASSERT_EQ(snapshots().size(), 1U);
  EXPECT_EQ(snapshots()[0].schema, schema_version() - 1);
  open();
  EXPECT_TRUE(pass(""));
  EXPECT_EQ(snapshots().size(), 1U);
}

TEST_F(PassageTest, ADatabaseThatIsNotThereNeedsNone) {
  store_.reset();
  std::filesystem::remove(folder_ / "dokku.db");
  ASSERT_TRUE(pass("0.2.0"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "dokku.db"));
}

TEST_F(PassageTest, WithoutLeaveANewerSchemaStays) {
  take_a_newer_step("CREATE TABLE fresh (a)", "DROP TABLE fresh");
  ASSERT_TRUE(pass("0.2.0"));
  EXPECT_THAT(snapshots(), IsEmpty());
  EXPECT_FALSE(Store::open({folder_ / "dokku.db", ""}));
}

TEST_F(PassageTest, TheWayBackKeepsWhatWasDoneSince) {
  create("before");
  take_a_newer_step("CREATE TABLE fresh (a)", "DROP TABLE fresh");
  const std::string number = std::to_string(schema_version());
  const Result<Passage> passage = pass("0.1.0", true);
  ASSERT_TRUE(passage) << passage.error().message();
  EXPECT_THAT(passage->cost, HasSubstr("by its own steps: what was done since is kept"));
  EXPECT_THAT(passage->cost, HasSubstr(snapshots().at(0).file));
  EXPECT_EQ(snapshots()[0].schema, schema_version() + 1);
  open();
  EXPECT_THAT(dump(), HasSubstr("before"));
  EXPECT_EQ(dump().find("fresh"), std::string::npos);
}

TEST_F(PassageTest, AWayBackThatFailsIsReplacedByTheSnapshot) {
  create("before");
  ASSERT_TRUE(pass("0.2.0"));
  open();
  const std::string then = dump();
  create("since");
  note_event("apps:create");
  note_event("upgrade:rollback");
  take_a_newer_step("CREATE TABLE fresh (a)", "DROP TABLE no_such_table");
  const Result<Passage> passage = pass("0.1.0", true);
  ASSERT_TRUE(passage) << passage.error().message();
  EXPECT_THAT(passage->cost, HasSubstr("Lost from it: 1 commands since then"));
  EXPECT_THAT(passage->cost, HasSubstr("no_such_table"));
  open();
  EXPECT_EQ(dump(), then);
}

TEST_F(PassageTest, AWayBackThatLeavesRowsOfNothingIsNotBelieved) {
  create("before");
  ASSERT_TRUE(pass("0.2.0"));
  take_a_newer_step("CREATE TABLE fresh (a)",
                    "PRAGMA defer_foreign_keys=1; INSERT INTO formation VALUES (4711, ''web'', 1)");
  const Result<Passage> passage = pass("0.1.0", true);
  ASSERT_TRUE(passage) << passage.error().message();
  EXPECT_THAT(passage->cost, HasSubstr("Lost from it: 0 commands since then"));
  open();
  EXPECT_THAT(dump(), HasSubstr("before"));
}

TEST_F(PassageTest, WithoutWayBackAndSnapshotItSaysSo) {
  take_a_newer_step("CREATE TABLE fresh (a)", "DROP TABLE no_such_table");
  std::filesystem::create_directories(folder_ / "snapshots");
  const Result<Passage> passage = pass("0.1.0", true);
  ASSERT_FALSE(passage);
  EXPECT_EQ(passage.error().code(), Errc::conflict);
  EXPECT_THAT(passage.error().message(), HasSubstr("there is no snapshot of it"));
}

}  // namespace
}  // namespace dokku::server
