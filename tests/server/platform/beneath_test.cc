#include "server/platform/beneath.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class Beneath : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "beneath.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    root_ = folder_ / "root";
    fs::create_directories(root_);
    ASSERT_TRUE(replace_beneath({folder_, "", "outside", 0600}, "secret"));
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path folder_, root_;
};

TEST_F(Beneath, WritesReadsAndRemoves) {
  EXPECT_EQ(identity_beneath(root_, "app/VHOST"), "");
  ASSERT_TRUE(replace_beneath({root_, "app", "VHOST", 0644}, "one"));
  const std::string first = identity_beneath(root_, "app/VHOST");
  ASSERT_TRUE(replace_beneath({root_, "app", "VHOST", 0644}, "two"));
  EXPECT_NE(identity_beneath(root_, "app/VHOST"), first);
  EXPECT_EQ(read_beneath(root_, "app/VHOST").value_or("?"), "two");
  EXPECT_EQ(fs::status(root_ / "app/VHOST").permissions(), fs::perms(0644));
  EXPECT_TRUE(remove_beneath({root_, "app", "VHOST", 0644}));
  EXPECT_TRUE(remove_beneath({root_, "app", "VHOST", 0644}));
  EXPECT_TRUE(remove_beneath({root_, "nobody", "VHOST", 0644}));
  EXPECT_TRUE(remove_folder_beneath(root_, "app"));
  EXPECT_FALSE(fs::exists(root_ / "app"));
}

TEST_F(Beneath, FollowsNoLinkInAnyPlace) {
  fs::create_symlink("../outside", root_ / "VHOST");
  EXPECT_EQ(identity_beneath(root_, "VHOST"), "");
  EXPECT_FALSE(read_beneath(root_, "VHOST"));
  ASSERT_TRUE(replace_beneath({root_, "", "VHOST", 0644}, "mine"));
  EXPECT_EQ(read_beneath(folder_, "outside").value_or("?"), "secret");
  fs::create_directory_symlink("..", root_ / "app");
  EXPECT_FALSE(read_beneath(root_, "app/outside"));
  EXPECT_FALSE(replace_beneath({root_, "app", "outside", 0644}, "mine"));
  EXPECT_FALSE(remove_beneath({root_, "app", "outside", 0644}));
  EXPECT_FALSE(read_beneath(root_, "../outside"));
  EXPECT_EQ(read_beneath(folder_, "outside").value_or("?"), "secret");
}

TEST_F(Beneath, OnlyRegularFilesCount) {
  ASSERT_EQ(::mkfifo((root_ / "VHOST").c_str(), 0600), 0);
  EXPECT_EQ(identity_beneath(root_, "VHOST"), "");
  fs::create_directories(root_ / "app/VHOST");
  EXPECT_EQ(identity_beneath(root_, "app/VHOST"), "");
  EXPECT_TRUE(remove_folder_beneath(root_, "app"));
  EXPECT_TRUE(fs::exists(root_ / "app/VHOST"));
}

}  // namespace
}  // namespace dokku::server
