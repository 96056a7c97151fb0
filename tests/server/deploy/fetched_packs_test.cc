#include "server/deploy/fetched_packs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <fstream>

#include "base/io.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class FetchedPacks : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "packs.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    instance_.state_dir = pattern;
    packs_ = instance_.cache_dir() / "packs";
    fs::create_directories(packs_);
  }
  void TearDown() override { fs::remove_all(instance_.state_dir); }

  // As pack_store.cc leaves it.
  void pack(const std::string& id, std::chrono::hours unused) {
    fs::create_directories(packs_ / id / "tree/bin");
    std::ofstream(packs_ / id / "tree/bin/compile") << std::string(100'000, 'x');
    std::ofstream(packs_ / (id + ".lock")).flush();
    fs::last_write_time(packs_ / (id + ".lock"), now() - unused);
  }
  static fs::file_time_type now() { return fs::file_time_type::clock::now(); }
  std::uint64_t drop(
      fs::file_time_type then, std::function<bool()> enough = [] { return false; }) {
    return drop_fetched_packs(instance_, then, enough);
  }
  bool has(const std::string& id) { return fs::exists(packs_ / id); }

  Instance instance_;
  fs::path packs_;
};

TEST_F(FetchedPacks, GoWhenNoBuildHasAskedForThemForLong) {
  pack("old", kFetchedPackLife + std::chrono::hours(1));
  pack("young", std::chrono::hours(1));
  fs::create_directories(packs_ / "old.new");
  EXPECT_GE(drop(now() - kFetchedPackLife), 100'000U);
  EXPECT_FALSE(has("old") || has("old.new") || has("old.lock"));
  EXPECT_TRUE(has("young") && has("young.lock"));
  EXPECT_EQ(drop(now() - kFetchedPackLife), 0U);
}

TEST_F(FetchedPacks, TheLongestUnusedGoFirstAndNoMoreThanNeeded) {
  pack("a", std::chrono::hours(1));
  pack("b", std::chrono::hours(3));
  pack("c", std::chrono::hours(2));
  drop(fs::file_time_type::max(), [&] { return !has("b"); });
  EXPECT_FALSE(has("b"));
  EXPECT_TRUE(has("a") && has("c"));
  drop(fs::file_time_type::max());
  EXPECT_TRUE(fs::is_empty(packs_));
}

TEST_F(FetchedPacks, OneThatABuildHoldsStays) {
  pack("used", kFetchedPackLife * 2);
  const Result<UniqueFd> lock = open_file(packs_ / "used.lock", O_RDWR);
  ASSERT_TRUE(lock);
  ASSERT_EQ(::flock(lock->get(), LOCK_EX), 0);
  EXPECT_EQ(drop(fs::file_time_type::max()), 0U);
  EXPECT_TRUE(has("used"));
}

TEST_F(FetchedPacks, NoneAtAllIsFine) {
  fs::remove_all(packs_);
  EXPECT_EQ(drop(fs::file_time_type::max()), 0U);
}

}  // namespace
}  // namespace dokku::server
