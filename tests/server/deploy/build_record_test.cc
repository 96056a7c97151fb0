#include "server/deploy/build_record.h"

#include <gmock/gmock.h>

#include "deploy_fixture.h"

namespace dokku::server {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BuildRecordTest : public DeployFixture {
 protected:
  std::vector<Build> builds() {
    return *store_->read([&](ReadTx& tx) { return list_builds(tx, app_->id, 100); });
  }
  std::string output(std::uint64_t number) {
    return read_file(build_log_file(instance_, app_->id, number)).value_or("(none)");
  }
};

TEST_F(BuildRecordTest, APushIsOneWithWhatThePersonSaw) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_EQ(builds().size(), 1U);
  const Build build = builds()[0];
  EXPECT_EQ(build.kind, "build");
  EXPECT_EQ(build.source, "git-push");
  EXPECT_EQ(build.status, BuildStatus::succeeded);
  EXPECT_EQ(build.release, 1U);
  EXPECT_TRUE(build.ended_at);
  EXPECT_EQ(output(1), progress_.text());
  EXPECT_THAT(output(1), HasSubstr("-----> Building blog from"));
}

TEST_F(BuildRecordTest, AFailureKeepsItsErrorAndItsOutput) {
  builder_.fail_next({Errc::invalid_argument, "compile failed\nsecond line"});
  EXPECT_FALSE(push("tree one"));
  const Build build = builds()[0];
  EXPECT_EQ(build.status, BuildStatus::failed);
  EXPECT_EQ(build.error, "compile failed");
  EXPECT_THAT(output(1), EndsWith(" !     compile failed\nsecond line\n"));
}

TEST_F(BuildRecordTest, OneThatADaemonLeftIsAbandoned) {
  ASSERT_TRUE(store_->write([&](WriteTx& tx) {
    Build running;
    running.kind = "build";
    return add_build(tx, app_->id, running);
  }));
  boot();
  EXPECT_EQ(builds()[0].status, BuildStatus::abandoned);
}

TEST_F(BuildRecordTest, BeginningAndEndOfEndlessOutputAreKept) {
  FakeProgress person;
  BuildRecord record({instance_, *store_, *clock_}, app_->id, "build", "git-push", person);
  const std::string filler(1000, 'x');
  record.line("the first line");
  for (int i = 0; i < 4000; ++i) record.line(filler);
  record.line("the last line");
  ASSERT_TRUE(record.end({}, 1));
  const std::string kept = output(1);
  EXPECT_LT(kept.size(), kBuildHeadMax + 2 * kBuildTailMax + 1000);
  EXPECT_THAT(kept.substr(0, 20), StartsWith("the first line\n"));
  EXPECT_THAT(kept.substr(kept.size() - 20), EndsWith("the last line\n"));
  EXPECT_THAT(kept, HasSubstr("bytes are left out"));
}

TEST_F(BuildRecordTest, OldOnesGoWithTheirOutput) {
  for (int i = 0; i <= 20; ++i) {
    BuildRecord record({instance_, *store_, *clock_}, app_->id, "build", "git-push", progress_);
    ASSERT_TRUE(record.end({}, 1));
  }
  EXPECT_EQ(builds().size(), 20U);
  EXPECT_EQ(output(1), "(none)");
  EXPECT_EQ(output(2), "");
}

TEST_F(BuildRecordTest, TheyGoWithTheirApp) {
  ASSERT_TRUE(push("tree one"));
  const auto folder = build_logs_dir(instance_, app_->id);
  ASSERT_TRUE(std::filesystem::exists(folder));
  ASSERT_TRUE(deploys_->tear_down(now(), {.by = "alice", .why = "apps:destroy"}, progress_));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace dokku::server
