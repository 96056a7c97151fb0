#include "server/daemons/version_folder.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "base/process.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class VersionFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "versions.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = fs::canonical(pattern);
    for (const char* version : {"1.0", "2.0", "3.0"}) add(version);
    fs::create_directory_symlink("versions/1.0", root_ / "bin");
  }
  void TearDown() override { fs::remove_all(root_); }

  void add(const std::string& version) {
    const fs::path folder = root_ / "versions" / version;
    fs::create_directories(folder);
    fs::copy_file("/bin/sleep", folder / "dokkud");
  }
  VersionFolder folder() { return VersionFolder::behind(root_ / "bin").value(); }

  fs::path root_;
};

TEST_F(VersionFolderTest, TheLinkSaysWhichCounts) {
  EXPECT_EQ(folder().current(), "1.0");
  EXPECT_EQ(folder().folder(), root_ / "versions");
  ASSERT_TRUE(folder().lead_to("2.0"));
  EXPECT_EQ(folder().current(), "2.0");
  EXPECT_EQ(fs::read_symlink(root_ / "bin"), "versions/2.0");
}

TEST_F(VersionFolderTest, TheLinkMayBeAmongThem) {
  fs::create_directory_symlink("1.0", root_ / "versions/current");
  const VersionFolder versions = VersionFolder::behind(root_ / "versions/current").value();
  ASSERT_TRUE(versions.lead_to("2.0"));
  EXPECT_EQ(fs::read_symlink(root_ / "versions/current"), "2.0");
  versions.keep_only({"2.0"});
  EXPECT_EQ(versions.current(), "2.0");
}

TEST_F(VersionFolderTest, APlainFolderHasNoVersions) {
  const auto none = VersionFolder::behind(root_ / "versions/1.0");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::conflict);
}

TEST_F(VersionFolderTest, OnlyFoldersWithADaemonAreVersions) {
  EXPECT_TRUE(folder().has("3.0"));
  fs::create_directory(root_ / "versions/new");
  for (const char* none : {"", ".", "..", "new", "4.0", "../versions/1.0"}) {
    EXPECT_FALSE(folder().has(none)) << none;
  }
}

TEST_F(VersionFolderTest, AProcessTellsItsVersionAlsoWhenItsFileIsGone) {
  const fs::path program = root_ / "bin/dokkud";
  Process runs = *Process::start({.program = program, .arguments = {"dokkud", "1000"}});
  ASSERT_TRUE(folder().lead_to("2.0"));
  EXPECT_EQ(folder().version_of(runs.pid()), "1.0");
  folder().keep_only({"2.0"});
  EXPECT_EQ(folder().version_of(runs.pid()), "1.0");
  EXPECT_EQ(folder().version_of(::getpid()), "");
}

TEST_F(VersionFolderTest, WhatIsNotKeptGoes) {
  fs::create_directory(root_ / "versions/of somebody");
  folder().keep_only({"1.0", "2.0"});
  EXPECT_TRUE(folder().has("1.0"));
  EXPECT_TRUE(folder().has("2.0"));
  EXPECT_FALSE(folder().has("3.0"));
  EXPECT_TRUE(fs::exists(root_ / "versions/of somebody"));
}

}  // namespace
}  // namespace dokku::server
