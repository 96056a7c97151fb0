#include "server/deploy/room.h"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>

#include "deploy_fixture.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = 1ULL << 20;

class RoomTest : public DeployFixture {
 protected:
  void SetUp() override {
    // The disk has 100 MB and what the caches do not take of its rest.
    disk_space_ = [this](const fs::path&) -> Result<DiskSpace> {
      const std::uint64_t caches = disk_bytes(instance_.cache_dir());
      const std::uint64_t taken = std::min(free_.load(), caches);
      return DiskSpace{free_.load() - taken, 100 * kMiB, 1};
    };
    boot_and_clean_up();
  }
  // A cache of 4 MB; the older, the smaller `age`.
  void cache(const std::string& app, int age) {
    const fs::path home = app_cache(instance_, app);
    write_file(home / "packs/x", 4 * kMiB);
    std::ofstream(home / "layers") << "none";
    fs::last_write_time(home / "layers",
                        fs::file_time_type::clock::now() - std::chrono::hours(100 - age));
  }
  bool has_cache(const std::string& app) { return fs::exists(app_cache(instance_, app)); }

  std::atomic<std::uint64_t> free_{50 * kMiB};
};

TEST_F(RoomTest, BelowTheFloorABuildIsRefusedWithWhatUsesTheDisk) {
  ASSERT_TRUE(push("tree one"));
  free_ = 9 * kMiB;
  const Result<> refused = push("tree two");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::limit_exceeded);
  const std::string& message = refused.error().message();
  EXPECT_THAT(message, HasSubstr("is almost full: 9.0 MB are free"));
  EXPECT_THAT(message, HasSubstr("below 10 MB"));
  EXPECT_THAT(message, HasSubstr("It holds: images 0 B, containers 0 B, build caches"));
  EXPECT_THAT(message, HasSubstr("The largest apps: blog"));
  EXPECT_THAT(message, HasSubstr("dokku disk:report"));
  EXPECT_EQ(builder_.requests().size(), 1U);
}

TEST_F(RoomTest, WhatRunsIsNotTouchedByARefusalAndRestartsGoOn) {
  ASSERT_TRUE(push("tree one"));
  free_ = 0;
  EXPECT_FALSE(push("tree two"));
  EXPECT_EQ(live()->number, 1U);
  EXPECT_TRUE(deploys_->restart(now(), {.by = "alice", .why = "ps:restart"}, progress_));
  EXPECT_TRUE(
      deploys_->scale(now(), {{"web", 2}}, false, {.by = "alice", .why = "ps:scale"}, progress_));
  free_ = 50 * kMiB;
  EXPECT_TRUE(push("tree two"));
}

TEST_F(RoomTest, CachesMakeRoomTheLongestUnusedFirstAndTheOwnLast) {
  create("old");
  create("young");
  cache("old", 1);
  cache("blog", 2);
  cache("young", 3);
  free_ = 20 * kMiB;  // of which the caches take 12
  ASSERT_TRUE(push("tree one"));
  EXPECT_FALSE(has_cache("old"));
  EXPECT_TRUE(has_cache("young"));
  EXPECT_TRUE(has_cache("blog"));
  EXPECT_TRUE(progress_.says("Making room: the build cache of old is gone (4.0 MB)"));
}

TEST_F(RoomTest, FetchedBuildpacksMakeRoomAfterTheCachesAndGoWithThem) {
  const fs::path packs = instance_.cache_dir() / "packs";
  const auto fetch = [&] {
    fs::create_directories(packs / "id/tree");
    std::ofstream(packs / "id/tree/x") << std::string(4 * kMiB, 'x');
    std::ofstream(packs / "id.lock").flush();
  };
  create("old");
  cache("old", 1);
  fetch();
  free_ = 15 * kMiB;  // of which both take 8
  ASSERT_TRUE(push("tree one"));
  EXPECT_FALSE(has_cache("old"));
  EXPECT_TRUE(fs::exists(packs / "id"));
  free_ = 12 * kMiB;
  ASSERT_TRUE(push("tree two"));
  EXPECT_FALSE(fs::exists(packs / "id"));
  EXPECT_TRUE(progress_.says("Making room: fetched buildpacks are gone (4.0 MB)"));
  fetch();
  EXPECT_EQ(deploys_->clean_up(Cleaning{})->caches, 0U);
  EXPECT_GE(deploys_->clean_up(Cleaning{.caches = true})->caches, 4 * kMiB);
  EXPECT_FALSE(fs::exists(packs / "id"));
}

TEST_F(RoomTest, ACacheOfARunningBuildStays) {
  create("shop");
  cache("shop", 1);
  builder_.close_gate();
  FakeProgress other;
  std::thread building([&] {
    auto pipe = make_pipe();
    EXPECT_TRUE(write_all(pipe->write.get(), "shop's tree"));
    pipe->write.reset();
    PushedTree tree{std::move(pipe->read), std::string(40, 'a'), "refs/heads/main"};
    EXPECT_TRUE(
        deploys_->push(now("shop"), std::move(tree), {.by = "bob", .why = "git-push"}, other));
  });
  ASSERT_TRUE(builder_.await_at_gate());
  free_ = 12 * kMiB;
  EXPECT_FALSE(push("tree one"));
  EXPECT_TRUE(has_cache("shop"));
  builder_.open_gate();
  building.join();
}

TEST_F(RoomTest, ABudgetThatIsUsedUpRefusesToo) {
  ASSERT_TRUE(store_->write(
      [&](WriteTx& tx) { return set_property(tx, AppId::global, kDiskBudget, "2m"); }));
  write_file(instance_.logs_dir() / "blog/big", 3 * kMiB);
  const Result<> refused = push("tree one");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("The budget of 2.0 MB is used up"));
  fs::remove(instance_.logs_dir() / "blog/big");
  EXPECT_TRUE(push("tree one"));
}

TEST_F(RoomTest, CleaningUpTellsWhatWentAndKeepsWhatReleasesNeed) {
  ASSERT_TRUE(push("tree one"));
  cache("blog", 1);
  write_file(instance_.sources_dir() / "gone/x", kMiB);
  const Freed plain = *deploys_->clean_up(Cleaning{});
  EXPECT_GE(plain.sources, kMiB);
  EXPECT_EQ(plain.caches, 0U);
  EXPECT_TRUE(has_cache("blog"));
  EXPECT_TRUE(fs::exists(instance_.sources_dir() / live()->source_file));
  const Freed caches = *deploys_->clean_up(Cleaning{.app = *app_, .caches = true});
  EXPECT_GE(caches.caches, 4 * kMiB);
  EXPECT_FALSE(has_cache("blog"));
  EXPECT_EQ(images_.list("dokku/blog:")->size(), 1U);
}

}  // namespace
}  // namespace dokku::server
