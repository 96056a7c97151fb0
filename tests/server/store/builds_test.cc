#include "server/store/builds.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, BuildsAreCountedEndedAndAbandoned) {
  Build build;
  build.number = write([&](WriteTx& tx) { return add_build(tx, app_, {}); });
  build.status = BuildStatus::failed;
  build.ended_at = WallTime(std::chrono::seconds(9));
  write([&](WriteTx& tx) { return end_build(tx, app_, build); });
  write([&](WriteTx& tx) { return add_build(tx, app_, {}); });
  EXPECT_EQ(write([&](WriteTx& tx) { return abandon_running_builds(tx, build.started_at); }), 1);
  const auto builds = read([&](ReadTx& tx) { return list_builds(tx, app_, 10); });
  ASSERT_EQ(builds.size(), 2U);
  EXPECT_EQ(builds[0].status, BuildStatus::abandoned);
  EXPECT_EQ(builds[1].status, BuildStatus::failed);
  write([&](WriteTx& tx) { return prune_builds(tx, app_, 1); });
  EXPECT_EQ(read([&](ReadTx& tx) { return list_builds(tx, app_, 10); }).size(), 1U);
}

}  // namespace
}  // namespace dokku::server
