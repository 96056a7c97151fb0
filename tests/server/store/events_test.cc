#include "server/store/events.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, EventsComeOldestFirst) {
  for (const char* command : {"a", "b", "c"}) {
    write([&](WriteTx& tx) { return add_event(tx, {0, {}, "root", command, "blog", "", 20, {}}); });
  }
  const auto events =
      read([&](ReadTx& tx) { return recent_events(tx, {.count = 2, .app = "blog"}); });
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].status, 20);
  EXPECT_EQ(events[0].command, "b");
  const EventQuery newer{.after = events[0].id};
  const auto after = read([&](ReadTx& tx) { return recent_events(tx, newer); });
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].command, "c");
}

}  // namespace
}  // namespace dokku::server
