#include "server/platform/transfer_plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/atomic_file.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class TransferPlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "plan.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(TransferPlanTest, ComesBackAsItWas) {
  EXPECT_EQ(read_plan(folder_).error().code(), Errc::not_found);
  const TransferPlan plan{{{"transfer/x/dokku/blog:r1", "dokku/shop:r1"}},
                          {{"blog", "shop"}},
                          {{"data", "shop-data"}, {"more", "more"}},
                          {{"data", "data.before-restore-1"}},
                          {{"blog", "shop"}},
                          {"shop"}};
  ASSERT_TRUE(write_plan(folder_, plan));
  const auto read = read_plan(folder_);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, plan);
  ASSERT_TRUE(write_plan(folder_, {}));
  EXPECT_EQ(*read_plan(folder_), TransferPlan{});
}

TEST_F(TransferPlanTest, WhatIsMalformedIsNotHalfRead) {
  for (const char* text : {"image", "image a", "other a b", "env-file"}) {
    ASSERT_TRUE(write_file_atomically(folder_ / "plan", text));
    EXPECT_FALSE(read_plan(folder_)) << text;
  }
}

TEST_F(TransferPlanTest, TheStoreSaysWhetherItsRowsAreThere) {
  auto store = Store::open({folder_ / "dokku.db", ""});
  ASSERT_TRUE(store) << store.error().message();
  const auto taken = [&](const std::string& name) {
    return *(*store)->read([&](ReadTx& tx) { return was_taken(tx, name); });
  };
  EXPECT_FALSE(taken("abc"));
  ASSERT_TRUE((*store)->write([](WriteTx& tx) { return mark_taken(tx, "abc"); }));
  EXPECT_TRUE(taken("abc"));
  EXPECT_FALSE(taken("def"));
}

}  // namespace
}  // namespace dokku::server
