#include "server/store/calls.h"

#include <thread>

#include "fixture.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

class CallsTest : public StoreTest {
 protected:
  std::optional<CallRecord> found(const std::string& id) {
    return store_->read([&](ReadTx& tx) { return find_call(tx, id); }).value();
  }
  void write(const std::function<void()>& more = [] {}) {
    EXPECT_TRUE(store_->write([&](WriteTx& tx) {
      more();
      return set_property(tx, AppId::global, "a", "1");
    }));
  }
};

TEST_F(CallsTest, ACallThatWroteNothingLeavesNothing) {
  { const CallScope scope("c1", CallDone::with_first_write); }
  EXPECT_FALSE(found("c1"));
}

TEST_F(CallsTest, AFailedWriteLeavesNothing) {
  const CallScope scope("c1", CallDone::with_first_write);
  const Result<> done = store_->write([&](WriteTx&) -> Result<> {
    note_call_release(AppId{1}, 7);
    return fail(Errc::conflict, "no");
  });
  EXPECT_FALSE(done);
  EXPECT_FALSE(found("c1"));
}

TEST_F(CallsTest, AShortCallIsDoneWithItsFirstWrite) {
  const CallScope scope("c1", CallDone::with_first_write);
  write();
  ASSERT_TRUE(found("c1"));
  EXPECT_TRUE(found("c1")->done);
}

TEST_F(CallsTest, ADeployIsDoneWhenItsReleaseIsAndStaysSo) {
  const CallScope scope("c1", CallDone::when_noted);
  write();
  EXPECT_FALSE(found("c1")->done);
  write([] { note_call_release(AppId{1}, 7); });
  EXPECT_EQ(found("c1")->release, 7U);
  EXPECT_FALSE(found("c1")->done);
  write([] { note_call_done(); });
  write();
  EXPECT_TRUE(found("c1")->done);
  write([] { note_call_done(false); });
  EXPECT_FALSE(found("c1")->done);
}

TEST_F(CallsTest, ACallOverSeveralAppsIsDoneAtItsEnd) {
  CallScope scope("c1", CallDone::at_its_end);
  write([] { note_call_done(); });
  EXPECT_FALSE(found("c1")->done);
  scope.finish(*store_);
  EXPECT_TRUE(found("c1")->done);
}

TEST_F(CallsTest, OtherThreadsAndOddIdsAreNotRecorded) {
  const CallScope scope("c1", CallDone::with_first_write);
  std::thread([&] { write(); }).join();
  EXPECT_FALSE(found("c1"));
  std::thread([&] {
    const CallScope odd("../x", CallDone::with_first_write);
    write();
  }).join();
  EXPECT_FALSE(found("../x"));
}

TEST_F(CallsTest, OldOnesGo) {
  for (int i = 0; i < kCallsMax + 5; ++i) {
    const CallScope scope("c" + std::to_string(i), CallDone::with_first_write);
    write();
  }
  EXPECT_FALSE(found("c4"));
  EXPECT_TRUE(found("c5"));
}

}  // namespace
}  // namespace dokku::server
