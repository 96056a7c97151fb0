#include "server/platform/placing.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/io.h"
#include "tests/fakes/fake_images.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class PlacingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "placing.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    instance_.state_dir = pattern;
    staged_ = {instance_.state_dir / "transfers/t", instance_.storage_dir() / ".transfer-t"};
    put(staged_.folder / "sources/blog/1.tar.zst", "source");
    put(staged_.volumes / "data/file", "new");
    put(instance_.storage_dir() / "data/file", "old");
    images_.add("transfer/t/dokku/blog:r1");
    plan_ = {.images = {{"transfer/t/dokku/blog:r1", "dokku/shop:r1"}},
             .sources = {{"blog", "shop"}},
             .volumes = {{"data", "data"}},
             .aside = {{"data", "data.before-restore-1"}}};
  }
  void TearDown() override { fs::remove_all(instance_.state_dir); }

  static void put(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string read(const std::string& path) {
    return read_file(instance_.state_dir / path).value_or("(none)");
  }
  bool has_image() { return images_.list("dokku/")->size() == 1; }
  std::string volume() { return read_file(instance_.storage_dir() / "data/file").value_or("?"); }

  Instance instance_;
  testing::FakeImages images_;
  StagedPlaces staged_;
  TransferPlan plan_;
};

TEST_F(PlacingTest, PutsAllInItsPlace) {
  int steps = 0;
  ASSERT_TRUE(place(instance_, images_, staged_, plan_, [&] { ++steps; }));
  EXPECT_EQ(steps, 4);
  EXPECT_TRUE(has_image());
  EXPECT_EQ(read("sources/shop/1.tar.zst"), "source");
  EXPECT_EQ(volume(), "new");
  EXPECT_EQ(read_file(instance_.storage_dir() / "data.before-restore-1/file").value_or("?"), "old");
}

// A kill after each step, and before the first; and another while it is taken back.
TEST_F(PlacingTest, IsTakenBackFromWhereverItCame) {
  for (int last = 0; last <= 4; ++last) {
    int steps = 0;
    TransferPlan some = plan_;
    if (last < 4) some.volumes.clear();
    if (last < 3) some.aside.clear();
    if (last < 2) some.sources.clear();
    if (last < 1) some.images.clear();
    ASSERT_TRUE(place(instance_, images_, staged_, some, [&] { ++steps; }));
    ASSERT_EQ(steps, last);
    take_back(instance_, images_, staged_, plan_);
    take_back(instance_, images_, staged_, plan_);
    EXPECT_FALSE(has_image()) << last;
    EXPECT_EQ(read("sources/shop/1.tar.zst"), "(none)") << last;
    EXPECT_EQ(volume(), "old") << last;
    EXPECT_FALSE(fs::exists(instance_.storage_dir() / "data.before-restore-1")) << last;
  }
}

TEST_F(PlacingTest, WhatIsInTheWayIsNamedOrGetsAName) {
  EXPECT_EQ(name_aside(instance_, "data", false).error().message(),
            "The storage directory data is there already and not empty");
  EXPECT_EQ(*name_aside(instance_, "data", true), "data.before-restore-1");
  put(instance_.storage_dir() / "data.before-restore-1/x", "x");
  EXPECT_EQ(*name_aside(instance_, "data", true), "data.before-restore-2");
  EXPECT_EQ(*name_aside(instance_, "free", false), "");
  fs::create_directories(instance_.storage_dir() / "empty");
  EXPECT_EQ(*name_aside(instance_, "empty", false), "");
}

}  // namespace
}  // namespace dokku::server
