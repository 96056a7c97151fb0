#include "server/platform/volume_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <fstream>

#include "base/io.h"
#include "tests/backups/strings.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using testing::StringSink;
using testing::StringSource;

class VolumeTree : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tree.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directories(folder_ / "from/a/b");
    fs::create_directories(folder_ / "to");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // Members made by hand, read into "to".
  Result<> put(const std::string& path, const std::string& notes, const std::string& bytes) {
    StringSink sink;
    MemberWriter writer(sink);
    EXPECT_TRUE(writer.put("m", notes, bytes));
    StringSource source(sink.bytes);
    MemberReader reader(source);
    EXPECT_TRUE(reader.next());
    TreeReader tree = TRY(TreeReader::create(folder_ / "to"));
    return tree.add(path, notes, reader);
  }

  void there_and_back() {
    StringSink sink;
    MemberWriter writer(sink);
    ASSERT_TRUE(write_tree(writer, folder_ / "from", "volume/v"));
    ASSERT_TRUE(writer.finish());
    bring_back(sink.bytes);
  }

  // What write_tree wrote, below "to".
  void bring_back(const std::string& bytes) {
    StringSource source(bytes);
    MemberReader reader(source);
    auto tree = TreeReader::create(folder_ / "to");
    ASSERT_TRUE(tree);
    for (;;) {
      const auto head = reader.next();
      ASSERT_TRUE(head) << head.error().message();
      if (!*head) break;
      const std::string path = (*head)->name.size() > 9 ? (*head)->name.substr(9) : "";
      const Result<> added = tree->add(path, (*head)->notes, reader);
      ASSERT_TRUE(added) << added.error().message();
    }
    ASSERT_TRUE(tree->finish());
    EXPECT_EQ(tree->attributes_lost(), 0U);
  }

  fs::path folder_;
};

TEST_F(VolumeTree, FilesFoldersAndLinksComeBackWithModesAndTimes) {
  std::ofstream(folder_ / "from/a/file") << "text";
  std::ofstream(folder_ / "from/a/b/holes") << std::string(1 << 20, '\0') << "x";
  fs::create_symlink("/etc/passwd", folder_ / "from/link");
  ::mkfifo((folder_ / "from/fifo").c_str(), 0600);
  ::chmod((folder_ / "from/a/file").c_str(), 04751);
  ::chmod((folder_ / "from/a").c_str(), 02750);
  const timespec then[2] = {{1'500'000'000, 0}, {1'500'000'000, 0}};
  for (const char* name : {"from/a/file", "from/a/b", "from/a", "from"}) {
    ::utimensat(AT_FDCWD, (folder_ / name).c_str(), then, 0);
  }

  StringSink sink;
  MemberWriter writer(sink);
  const auto count = write_tree(writer, folder_ / "from", "volume/v");
  ASSERT_TRUE(count);
  EXPECT_EQ(count->left_out, 1U);
  EXPECT_EQ(count->first_left_out, "volume/v/fifo");
  EXPECT_EQ(count_tree(folder_ / "from").bytes, (1U << 20) + 5);
  ASSERT_TRUE(writer.finish());

  bring_back(sink.bytes);
  struct stat seen {};
  ASSERT_EQ(::stat((folder_ / "to/a/file").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 07777U, 0751U);  // nobody gets rights by a file of a stranger's
  EXPECT_EQ(seen.st_mtim.tv_sec, 1'500'000'000);
  for (const char* name : {"to", "to/a", "to/a/b"}) {
    ASSERT_EQ(::stat((folder_ / name).c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mtim.tv_sec, 1'500'000'000) << name;
  }
  ASSERT_EQ(::stat((folder_ / "to/a").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 07777U, 02750U);
  ASSERT_EQ(::stat((folder_ / "to/a/b/holes").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_size, (1 << 20) + 1);
  EXPECT_LT(seen.st_blocks * 512, 1 << 19);
  EXPECT_EQ(fs::read_symlink(folder_ / "to/link"), "/etc/passwd");
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder_ / "to/fifo")));
}

TEST_F(VolumeTree, HardLinksStayOneFile) {
  std::ofstream(folder_ / "from/a/one") << "text";
  fs::create_hard_link(folder_ / "from/a/one", folder_ / "from/a/b/two");
  fs::create_hard_link(folder_ / "from/a/one", folder_ / "three");  // outside: no matter
  fs::create_hard_link(folder_ / "from/a/one", folder_ / "from/zz");
  there_and_back();
  struct stat one {};
  ASSERT_EQ(::stat((folder_ / "to/a/one").c_str(), &one), 0);
  EXPECT_EQ(one.st_nlink, 3U);
  for (const char* name : {"to/a/b/two", "to/zz"}) {
    struct stat other {};
    ASSERT_EQ(::stat((folder_ / name).c_str(), &other), 0);
    EXPECT_EQ(other.st_ino, one.st_ino) << name;
    EXPECT_EQ(read_file(folder_ / name).value_or("?"), "text");
  }
}

TEST_F(VolumeTree, AttributesOfUsersStay) {
  const std::string file = folder_ / "from/a/file";
  const std::string folder = folder_ / "from/a";
  std::ofstream(folder_ / "from/a/file") << "text";
  const std::string value("\0 :=\xff", 6);
  if (::setxattr(file.c_str(), "user.a b=c", value.data(), value.size(), 0) != 0) {
    GTEST_SKIP() << "this file system keeps no attributes";
  }
  ASSERT_EQ(::setxattr(folder.c_str(), "user.empty", "", 0, 0), 0);
  const std::string large(3000, 'x');
  ASSERT_EQ(::setxattr(file.c_str(), "user.large", large.data(), large.size(), 0), 0);
  // A program that may do more than whoever starts it: cap_net_raw+ep.
  const std::string capability("\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  ASSERT_EQ(
      ::setxattr(file.c_str(), "security.capability", capability.data(), capability.size(), 0), 0);
  there_and_back();
  std::string read(8192, '\0');
  const std::string back = folder_ / "to/a/file";
  ASSERT_EQ(::getxattr(back.c_str(), "user.a b=c", read.data(), read.size()), 6);
  EXPECT_EQ(read.substr(0, 6), value);
  EXPECT_EQ(::getxattr(back.c_str(), "user.large", read.data(), read.size()), 3000);
  EXPECT_EQ(::getxattr((folder_ / "to/a").c_str(), "user.empty", read.data(), read.size()), 0);
  EXPECT_LT(::getxattr(back.c_str(), "security.capability", read.data(), read.size()), 0);
}

TEST_F(VolumeTree, AHardLinkLeadsToAFileOfTheBackup) {
  std::ofstream(folder_ / "secret") << "x";
  ASSERT_TRUE(put("out", "l 777 0 0 0", folder_.string()));
  ASSERT_TRUE(put("file", "f 644 0 0 0", "x"));
  ASSERT_TRUE(put("good", "h 644 0 0 0", "file"));
  for (const char* to : {"../secret", "/etc/passwd", "out/secret", "out", "", ".", "gone", "a"}) {
    EXPECT_FALSE(put("bad", "h 644 0 0 0", to)) << to;
  }
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder_ / "to/bad")));
}

TEST_F(VolumeTree, NothingLeadsOutside) {
  const std::string file = "f 644 0 0 0";
  ASSERT_TRUE(put("out", "l 777 0 0 0", folder_.string()));
  for (const char* path : {"../x", "a/../../x", "/x", "out/x", "out/../x", "", "a//x", ".", ".."}) {
    EXPECT_FALSE(put(path, file, "x")) << path;
  }
  EXPECT_FALSE(put("out", file, "x"));  // an entry twice
  EXPECT_FALSE(put(std::string("n\0x", 3), file, "x"));
  EXPECT_FALSE(fs::exists(folder_ / "x"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
}

TEST_F(VolumeTree, MalformedNotesAreNamed) {
  for (const char* notes : {"", "f", "x 644 0 0 0", "f 644 0 0", "f 644 0 0 0 0", "f abc 0 0 0",
                            "f 644 0 0 0 x", "f 644 0 0 0 eHg=", "f 644 0 0 0 eHg=:!",
                            // security.x, trusted.x
                            "f 644 0 0 0 c2VjdXJpdHkueA==:eA==", "f 644 0 0 0 dHJ1c3RlZC54:eA=="}) {
    const Result<> added = put("file", notes, "x");
    ASSERT_FALSE(added) << notes;
    EXPECT_EQ(added.error().message(), "The backup's file: its notes are malformed") << notes;
  }
}

}  // namespace
}  // namespace dokku::server
