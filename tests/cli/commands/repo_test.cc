#include "base/atomic_file.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

using RepoCommands = CommandsTest;

TEST_F(RepoCommands, PurgeEmptiesTheBuildCache) {
  must("apps:create", "blog");
  const auto file = instance_.cache_dir() / "apps/blog/packs/x";
  std::filesystem::create_directories(file.parent_path());
  ASSERT_TRUE(write_file_atomically(file, std::string(2 << 20, 'x')));
  EXPECT_EQ(run("repo:purge-cache", "blog").out,
            "-----> Emptying the build cache of blog\n"
            "       2.0 MB freed; the next build takes longer\n");
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(run("repo:purge-cache", "nobody").status, 20);
}

TEST_F(RepoCommands, WhatNobodyPushedToNeedsNoPacking) {
  must("apps:create", "blog");
  EXPECT_EQ(run("repo:gc", "blog").out, "-----> Nothing was pushed to blog yet\n");
  EXPECT_EQ(run("repo:gc", "nobody").status, 20);
}

}  // namespace
}  // namespace dokku::cli
