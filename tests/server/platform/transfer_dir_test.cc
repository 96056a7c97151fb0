#include "server/platform/transfer_dir.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_images.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class TransferDirTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "transfer.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    instance_.state_dir = pattern;
    images_.add("dokku/blog:r1");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(instance_.state_dir, ignored);
  }
  Instance instance_;
  testing::FakeImages images_;
};

TEST_F(TransferDirTest, TakesAllWithItThatItHeld) {
  {
    const auto dir = TransferDir::create(instance_, images_);
    ASSERT_TRUE(dir) << dir.error().message();
    ASSERT_TRUE(dir->folder("sources"));
    ASSERT_TRUE(dir->folder("sources"));
    const auto name = dir->image_name("dokku/blog:r1");
    ASSERT_TRUE(name);
    ASSERT_TRUE(images_.tag(*runtime::ImageRef::parse("dokku/blog:r1"), *name));
    EXPECT_EQ(images_.list("")->size(), 2U);
  }
  EXPECT_EQ(images_.list("")->size(), 1U);
  EXPECT_TRUE(fs::is_empty(instance_.state_dir));
}

TEST_F(TransferDirTest, WhatComesForVolumesIsOnTheirFileSystem) {
  {
    const auto dir = TransferDir::create(instance_, images_);
    ASSERT_TRUE(dir);
    const auto volumes = dir->volumes();
    ASSERT_TRUE(volumes && dir->volumes());
    EXPECT_EQ(volumes->parent_path(), instance_.storage_dir());
  }
  EXPECT_TRUE(fs::is_empty(instance_.storage_dir()));
}

TEST_F(TransferDirTest, WhatAKilledDaemonLeftGoes) {
  images_.add("transfer/abc/dokku/blog:r1");
  fs::create_directories(instance_.state_dir / "transfers/abc/layers");
  fs::create_directories(instance_.storage_dir() / ".transfer-abc/data");
  fs::create_directories(instance_.storage_dir() / "data");
  remove_transfers(instance_, images_);
  EXPECT_FALSE(fs::exists(instance_.storage_dir() / ".transfer-abc"));
  EXPECT_TRUE(fs::exists(instance_.storage_dir() / "data"));
  EXPECT_EQ(images_.list("")->size(), 1U);
  EXPECT_FALSE(fs::exists(instance_.state_dir / "transfers"));
}

}  // namespace
}  // namespace dokku::server
