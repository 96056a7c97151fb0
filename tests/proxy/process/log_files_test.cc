#include "proxy/process/log_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/io.h"

namespace dokku::proxy::process {
namespace {

class LogFilesTest : public testing::Test {
 protected:
  LogFilesTest() { std::filesystem::create_directory(dir_); }
  ~LogFilesTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  std::string text(const char* name) {
    const Result<std::string> text = read_file(dir_ / name);
    return text ? *text : "(none)";
  }
  std::filesystem::path dir_ = testing::TempDir() + "logs-" + std::to_string(::getpid());
};

TEST_F(LogFilesTest, EachAppHasItsFiles) {
  LogFiles files(dir_, "");
  files.append("blog", false, "a\n");
  files.append("blog", true, "b\n");
  files.append("shop", false, "c\n");
  files.append("blog", false, "d\n");
  EXPECT_EQ(text("blog-access.log"), "a\nd\n");
  EXPECT_EQ(text("blog-error.log"), "b\n");
  EXPECT_EQ(text("shop-access.log"), "c\n");
}

TEST_F(LogFilesTest, OneFileForAll) {
  LogFiles files("", dir_ / "all.log");
  files.append("blog", false, "a\n");
  files.append("shop", true, "b\n");
  files.append("shop", false, "c\n");
  EXPECT_EQ(text("all.log"), "a\nc\n");
}

TEST_F(LogFilesTest, OldLinesGo) {
  LogFiles files(dir_, "", {.file_bytes_max = 10, .old_files = 2});
  for (const char* line : {"11111\n", "22222\n", "33333\n", "44444\n"}) {
    files.append("blog", false, line);
  }
  EXPECT_EQ(text("blog-access.log"), "44444\n");
  EXPECT_EQ(text("blog-access.log.1"), "33333\n");
  EXPECT_EQ(text("blog-access.log.2"), "22222\n");
  EXPECT_EQ(text("blog-access.log.3"), "(none)");
}

TEST_F(LogFilesTest, AFileThatWasMovedIsMadeAnew) {
  LogFiles files(dir_, "");
  files.append("blog", false, "a\n");
  std::filesystem::rename(dir_ / "blog-access.log", dir_ / "moved");
  files.append("blog", false, "b\n");
  EXPECT_EQ(text("blog-access.log"), "b\n");
  EXPECT_EQ(text("moved"), "a\n");
  std::filesystem::remove(dir_ / "blog-access.log");
  files.append("blog", false, "c\n");
  EXPECT_EQ(text("blog-access.log"), "c\n");
}

TEST_F(LogFilesTest, AnAppCannotNameAnotherFolder) {
  EXPECT_EQ(LogFiles::name_of("../../etc/x", false), "_._.._etc_x-access.log");
  EXPECT_EQ(LogFiles::name_of(".ssh", true), "_ssh-error.log");
}

TEST_F(LogFilesTest, ManyAppsNeedFewDescriptors) {
  LogFiles files(dir_, "", {.open_files_max = 4});
  for (int round = 0; round < 2; ++round) {
    for (int app = 0; app < 20; ++app) files.append("a" + std::to_string(app), false, "x\n");
  }
  EXPECT_EQ(text("a7-access.log"), "x\nx\n");
}

}  // namespace
}  // namespace dokku::proxy::process
