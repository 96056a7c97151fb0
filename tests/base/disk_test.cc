#include "base/disk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace dokku {
namespace {

namespace fs = std::filesystem;

class Disk : public ::testing::Test {
 protected:
  Disk() {
    std::string pattern = (fs::temp_directory_path() / "disk-test.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Disk() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::size_t bytes) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << std::string(bytes, 'x');
  }

  fs::path folder_;
};

TEST_F(Disk, ATreeIsCountedWithEachInodeOnce) {
  const std::uint64_t empty = disk_bytes(folder_);
  write("a/data", 1 << 20);
  fs::create_hard_link(folder_ / "a/data", folder_ / "again");
  fs::create_directory_symlink("/usr", folder_ / "elsewhere");
  const std::uint64_t grown = disk_bytes(folder_) - empty;
  EXPECT_GE(grown, 1U << 20);
  EXPECT_LT(grown, (1U << 20) + (64U << 10));
  EXPECT_EQ(disk_bytes(folder_ / "nothing"), 0U);
}

TEST_F(Disk, SpaceIsThatOfTheNearestFolder) {
  const Result<DiskSpace> here = disk_space(folder_);
  ASSERT_TRUE(here);
  EXPECT_GT(here->all_bytes, 0U);
  EXPECT_LE(here->free_bytes, here->all_bytes);
  const Result<DiskSpace> below = disk_space(folder_ / "not/yet/there");
  ASSERT_TRUE(below);
  EXPECT_EQ(below->file_system, here->file_system);
}

struct WordsCase {
  const char* name;
  std::uint64_t bytes;
  const char* words;
};

class ByteWords : public ::testing::TestWithParam<WordsCase> {};

TEST_P(ByteWords, HaveAUnitThatFits) { EXPECT_EQ(byte_words(GetParam().bytes), GetParam().words); }

INSTANTIATE_TEST_SUITE_P(, ByteWords,
                         ::testing::Values(WordsCase{"Nothing", 0, "0 B"},
                                           WordsCase{"Bytes", 999, "999 B"},
                                           WordsCase{"Kilo", 12 << 10, "12 KB"},
                                           WordsCase{"OneAndAHalf", 3 << 19, "1.5 MB"},
                                           WordsCase{"AlmostTheNext", (1 << 20) - 1, "1.0 MB"},
                                           WordsCase{"Giga", 10ULL << 30, "10 GB"},
                                           WordsCase{"Huge", 3000ULL << 40, "3000 TB"}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace dokku
