#include "buildstep/source/copy_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/io.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

TEST(CopyTree, CopiesWithoutFollowingAnything) {
  std::string name = (fs::temp_directory_path() / "dokku-copy-XXXXXX").string();
  const fs::path root = ::mkdtemp(name.data());
  fs::create_directories(root / "from/deep/er");
  fs::create_directories(root / "to");
  std::ofstream(root / "from/deep/er/script") << "text";
  ::chmod((root / "from/deep/er/script").c_str(), 04751);
  ::chmod((root / "from/deep/er").c_str(), 0555);
  fs::create_symlink("/etc", root / "from/link");
  ::mkfifo((root / "from/fifo").c_str(), 0600);
  const UniqueFd from = *open_file(root / "from", O_RDONLY | O_DIRECTORY);
  const UniqueFd to = *open_file(root / "to", O_RDONLY | O_DIRECTORY);
  const Result<> copied = copy_tree(from.get(), to.get(), std::nullopt);
  ASSERT_TRUE(copied.has_value()) << copied.error().message();
  EXPECT_EQ(*read_file(root / "to/deep/er/script"), "text");
  struct stat seen {};
  ::stat((root / "to/deep/er/script").c_str(), &seen);
  EXPECT_EQ(seen.st_mode & 07777U, 0751U);
  ::stat((root / "to/deep/er").c_str(), &seen);
  EXPECT_EQ(seen.st_mode & 07777U, 0555U);
  EXPECT_EQ(fs::read_symlink(root / "to/link"), "/etc");
  EXPECT_FALSE(fs::exists(fs::symlink_status(root / "to/fifo")));
  fs::remove_all(root);
}

}  // namespace
}  // namespace dokku::buildstep
