#include "base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/io.h"

namespace dokku {
namespace {

class AtomicFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "atomic_file.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

TEST_F(AtomicFile, WritesContentAndMode) {
  const auto path = folder_ / "file";
  ASSERT_TRUE(write_file_atomically(path, "content", 0640));
  EXPECT_EQ(read_file(path).value(), "content");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
}

TEST_F(AtomicFile, AnOpenReaderKeepsTheOldContent) {
  const auto path = folder_ / "file";
  ASSERT_TRUE(write_file_atomically(path, "old"));
  std::ifstream reader(path);
  ASSERT_TRUE(write_file_atomically(path, "new"));
  std::string seen;
  reader >> seen;
  EXPECT_EQ(seen, "old");
  EXPECT_EQ(read_file(path).value(), "new");
}

TEST_F(AtomicFile, LeavesNothingBehindWhenItFails) {
  std::filesystem::create_directory(folder_ / "taken");
  std::ofstream(folder_ / "taken" / "inside") << "x";
  EXPECT_FALSE(write_file_atomically(folder_ / "taken", "content"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFile, FailsInAFolderThatIsNotThere) {
  EXPECT_FALSE(write_file_atomically(folder_ / "none" / "file", "content"));
}

}  // namespace
}  // namespace dokku
