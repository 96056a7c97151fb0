#include "buildstep/source/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/io.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

struct Item {
  std::string name;
  unsigned type = AE_IFREG;
  std::string content;  // or the link's target
  unsigned mode = 0644;
  bool hard_link = false;
};

class Unpack : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "dokku-unpack-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directory(root_ / "target");
    target_ = *open_file(root_ / "target", O_RDONLY | O_DIRECTORY);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  UniqueFd tar_of(const std::vector<Item>& items, int filter = ARCHIVE_FILTER_NONE) {
    UniqueFd fd(::memfd_create("tar", MFD_CLOEXEC));
    archive* tar = archive_write_new();
    archive_write_set_format_gnutar(tar);
    archive_write_add_filter(tar, filter);
    archive_write_open_fd(tar, fd.get());
    for (const Item& item : items) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, item.name.c_str());
      archive_entry_set_perm(entry, item.mode);
      archive_entry_set_filetype(entry, item.type);
      if (item.hard_link) {
        archive_entry_set_hardlink(entry, item.content.c_str());
      } else if (item.type == AE_IFLNK) {
        archive_entry_set_symlink(entry, item.content.c_str());
      } else if (item.type == AE_IFREG) {
        archive_entry_set_size(entry, static_cast<la_int64_t>(item.content.size()));
      }
      archive_write_header(tar, entry);
      if (item.type == AE_IFREG && !item.hard_link) {
        archive_write_data(tar, item.content.data(), item.content.size());
      }
      archive_entry_free(entry);
    }
    archive_write_close(tar);
    archive_write_free(tar);
    ::lseek(fd.get(), 0, SEEK_SET);
    return fd;
  }

  // The refusal's message; empty: it was unpacked.
  std::string refusal(const std::vector<Item>& items, const UnpackLimits& limits = {}) {
    const UniqueFd tar = tar_of(items);
    const Result<Unpacked> done = unpack_tar(tar.get(), target_.get(), limits);
    return done ? "" : done.error().message();
  }

  fs::path root_;
  UniqueFd target_;
};

TEST_F(Unpack, FilesFoldersAndLinksComeOut) {
  for (const int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD}) {
    const UniqueFd tar = tar_of({{"./bin/run", AE_IFREG, "#!/bin/sh\n", 0755},
                                 {"empty/", AE_IFDIR, "", 0755},
                                 {"link", AE_IFLNK, "bin/run"},
                                 {"bin/up", AE_IFLNK, "../empty"},
                                 {"twin", AE_IFREG, "bin/run", 0644, true}},
                                filter);
    const Result<Unpacked> done = unpack_tar(tar.get(), target_.get(), {});
    ASSERT_TRUE(done.has_value()) << done.error().message();
    EXPECT_EQ(done->files, 5U);
    EXPECT_EQ(*read_file(root_ / "target/link"), "#!/bin/sh\n");
    EXPECT_EQ(*read_file(root_ / "target/twin"), "#!/bin/sh\n");
    EXPECT_TRUE(fs::is_directory(root_ / "target/bin/up"));
    struct stat seen {};
    ::stat((root_ / "target/bin/run").c_str(), &seen);
    EXPECT_EQ(seen.st_mode & 07777U, 0755U);
  }
}

TEST_F(Unpack, RefusesByTheEntrysName) {
  const std::vector<std::pair<Item, std::string>> rows = {
      {{"/etc/x"}, "refused '/etc/x': an absolute name"},
      {{"a/../../x"}, "refused 'a/../../x': the name leads outside"},
      {{"l", AE_IFLNK, "/etc/passwd"}, "refused 'l': a link that leads outside (/etc/passwd)"},
      {{"d/l", AE_IFLNK, "../../x"}, "refused 'd/l': a link that leads outside (../../x)"},
      {{"h", AE_IFREG, "../x", 0644, true}, "refused 'h': a hard link that leads outside"},
      {{"h", AE_IFREG, "none", 0644, true},
       "refused 'h': a hard link to what is not a file of this archive"},
      {{"dev", AE_IFCHR}, "refused 'dev': it is a device, a FIFO or a socket"},
      {{"pipe", AE_IFIFO}, "refused 'pipe': it is a device, a FIFO or a socket"},
      {{"suid", AE_IFREG, "", 04755}, "refused 'suid': it has the setuid or setgid bit"},
      {{"sgid/", AE_IFDIR, "", 02755}, "refused 'sgid/': it has the setuid or setgid bit"},
      {{"a\nb/../..", AE_IFREG}, "refused 'a?b/../..': the name leads outside"},
  };
  for (const auto& [item, expected] : rows) EXPECT_EQ(refusal({item}), expected);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(Unpack, DoesNotWriteThroughALink) {
  fs::create_directory(root_ / "outside");
  fs::create_symlink(root_ / "outside", root_ / "target/planted");
  EXPECT_NE(refusal({{"planted/x"}}), "");
  EXPECT_NE(refusal({{"d/", AE_IFDIR, "", 0755}, {"l", AE_IFLNK, "d"}, {"l/x"}}), "");
  EXPECT_TRUE(fs::is_empty(root_ / "outside"));
  EXPECT_TRUE(fs::is_empty(root_ / "target/d"));
}

TEST_F(Unpack, ALaterEntryReplacesALink) {
  EXPECT_EQ(refusal({{"f", AE_IFREG, "old"}, {"l", AE_IFLNK, "f"}, {"l", AE_IFREG, "new"}}), "");
  EXPECT_EQ(*read_file(root_ / "target/f"), "old");
  EXPECT_EQ(*read_file(root_ / "target/l"), "new");
}

TEST_F(Unpack, StopsAtTheLimits) {
  EXPECT_EQ(refusal({{"a"}, {"b"}, {"c"}}, {.files_max = 2}), "refused 'c': more than 2 files");
  EXPECT_EQ(refusal({{"big", AE_IFREG, std::string(3 << 20, 'x')}}, {.bytes_max = 2 << 20}),
            "refused 'big': more than 2 MB in all");
}

TEST_F(Unpack, SaysWhatIsNoTar) {
  UniqueFd fd(::memfd_create("tar", MFD_CLOEXEC));
  ASSERT_TRUE(write_all(fd.get(), std::string(2000, 'x')).has_value());
  ::lseek(fd.get(), 0, SEEK_SET);
  const Result<Unpacked> done = unpack_tar(fd.get(), target_.get(), {});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), Errc::invalid_argument);
}

TEST(LinkStaysInside, CountsFromTheLinksFolder) {
  EXPECT_TRUE(link_stays_inside("a/b/l", "../../c"));
  EXPECT_FALSE(link_stays_inside("a/b/l", "../../../c"));
  EXPECT_TRUE(link_stays_inside("l", "."));
  EXPECT_FALSE(link_stays_inside("l", ".."));
  EXPECT_FALSE(link_stays_inside("./l", "a/../.."));
}

}  // namespace
}  // namespace dokku::buildstep
