#include "server/logs/file_tail.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>
#include <vector>

namespace dokku::server {
namespace {

class FileTailTest : public testing::Test {
 protected:
  FileTailTest() { std::filesystem::create_directory(dir_); }
  ~FileTailTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  void add(const std::string& text) { std::ofstream(file_, std::ios::app) << text; }
  static std::vector<std::string> lines(FileTail& tail) {
    std::vector<std::string> all;
    EXPECT_TRUE(tail.read([&](std::string_view line) {
      all.emplace_back(line);
      return true;
    }));
    return all;
  }
  using Lines = std::vector<std::string>;

  std::filesystem::path dir_ = testing::TempDir() + "tail-" + std::to_string(::getpid());
  std::filesystem::path file_ = dir_ / "x.log";
};

TEST_F(FileTailTest, ShowsTheLastLines) {
  add("a\nb\nc\n");
  FileTail two = *FileTail::open({.file = file_, .lines = 2});
  EXPECT_EQ(lines(two), (Lines{"b", "c"}));
  FileTail all = *FileTail::open({.file = file_});
  EXPECT_EQ(lines(all), (Lines{"a", "b", "c"}));
  FileTail none = *FileTail::open({.file = file_, .lines = 0});
  EXPECT_EQ(lines(none), Lines{});
}

TEST_F(FileTailTest, LooksFarBack) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + "\n";
  add(text);
  FileTail tail = *FileTail::open({.file = file_, .lines = 15'000});
  const Lines found = lines(tail);
  ASSERT_EQ(found.size(), 15'000U);
  EXPECT_EQ(found.front(), "line 5000");
}

TEST_F(FileTailTest, GoesBackToTheFileBefore) {
  std::ofstream(file_.native() + ".1") << "a\nb\n";
  add("c\n");
  FileTail tail = *FileTail::open({.file = file_, .lines = 2});
  EXPECT_EQ(lines(tail), (Lines{"b", "c"}));
}

TEST_F(FileTailTest, FollowsOverARotation) {
  FileTail tail = *FileTail::open({.file = file_, .follow = true});
  EXPECT_EQ(lines(tail), Lines{});
  add("a\nhalf");
  pollfd wait{tail.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&wait, 1, 5000), 1);
  EXPECT_EQ(lines(tail), Lines{"a"});
  add(" done\nlast\n");
  std::filesystem::rename(file_, file_.native() + ".1");
  add("fresh\n");
  EXPECT_EQ(lines(tail), (Lines{"half done", "last", "fresh"}));
}

TEST_F(FileTailTest, FollowsOverACut) {
  FileTail tail = *FileTail::open({.file = file_, .follow = true});
  add("a long line of before\n");
  EXPECT_EQ(lines(tail), Lines{"a long line of before"});
  std::filesystem::resize_file(file_, 0);
  add("new\n");
  EXPECT_EQ(lines(tail), Lines{"new"});
}

TEST_F(FileTailTest, FollowsNoLink) {
  std::filesystem::create_symlink("/etc/passwd", file_);
  FileTail tail = *FileTail::open({.file = file_});
  EXPECT_EQ(lines(tail), Lines{});
}

TEST_F(FileTailTest, CanBeEndedAndGoesOn) {
  add("a\nb\n");
  FileTail tail = *FileTail::open({.file = file_});
  EXPECT_TRUE(tail.read([](std::string_view) { return false; }));
  EXPECT_EQ(lines(tail), Lines{"b"});
}

}  // namespace
}  // namespace dokku::server
