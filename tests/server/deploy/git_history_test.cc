#include "server/deploy/git_history.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "base/io.h"
#include "base/process.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class GitHistory : public ::testing::Test {
 protected:
  GitHistory() {
    std::string pattern = (fs::temp_directory_path() / "git-history.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    git({"init", "-q", "--bare", "-b", "main", bare().string()});
    git({"init", "-q", "-b", "main", work().string()});
  }
  ~GitHistory() override { fs::remove_all(folder_); }

  fs::path bare() const { return folder_ / "app.git"; }
  fs::path work() const { return folder_ / "work"; }

  // What it printed; a failure fails the test.
  std::string git(std::vector<std::string> words) {
    auto pipe = *make_pipe();
    ProcessSpec spec;
    spec.program = "/usr/bin/git";
    spec.arguments = {"git"};
    spec.arguments.insert(spec.arguments.end(), words.begin(), words.end());
    spec.environment = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
                        "GIT_AUTHOR_NAME=x",     "GIT_AUTHOR_EMAIL=x@example.com",
                        "GIT_COMMITTER_NAME=x",  "GIT_COMMITTER_EMAIL=x@example.com",
                        "PATH=/usr/bin:/bin",    "HOME=" + folder_.string()};
    spec.stdout_fd = pipe.write.get();
    Process process = *Process::start(spec);
    pipe.write.reset();
    const std::string printed = *read_all(pipe.read.get(), 1 << 20);
    EXPECT_TRUE(process.wait()->ok()) << words.front();
    return printed;
  }
  // A megabyte that does not compress, as every commit's only file.
  void push_commit(unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(1 << 20, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    std::ofstream(work() / "data") << bytes;
    git({"-C", work().string(), "add", "data"});
    git({"-C", work().string(), "commit", "-q", "-m", "x"});
    git({"-C", work().string(), "push", "-q", bare().string(), "main"});
  }
  int commits() {
    return std::stoi(git({"--git-dir", bare().string(), "rev-list", "--count", "main"}));
  }

  fs::path folder_;
};

TEST_F(GitHistory, PackingKeepsTheHistoryAndDropsWhatNobodyReaches) {
  for (unsigned seed = 0; seed < 3; ++seed) push_commit(seed);
  git({"--git-dir", bare().string(), "update-ref", "refs/heads/main", "main~1"});
  const Result<std::uint64_t> freed = pack_repository(bare());
  ASSERT_TRUE(freed) << freed.error().message();
  EXPECT_GE(*freed, 1U << 20);
  EXPECT_EQ(commits(), 2);
  git({"--git-dir", bare().string(), "fsck", "--strict"});
}

TEST_F(GitHistory, ACutKeepsTheTipAndLaterPushesWork) {
  for (unsigned seed = 0; seed < 4; ++seed) push_commit(seed);
  EXPECT_EQ(commits(), 4);
  const Result<std::uint64_t> cut = cut_history(bare());
  ASSERT_TRUE(cut) << cut.error().message();
  EXPECT_GE(*cut, 3U << 20);
  EXPECT_EQ(commits(), 1);
  git({"--git-dir", bare().string(), "fsck", "--strict"});
  push_commit(4);
  EXPECT_EQ(commits(), 2);
  ASSERT_TRUE(cut_history(bare()));
  EXPECT_EQ(commits(), 1);
  // An old tree again, of which the server has nothing any more.
  git({"-C", work().string(), "revert", "--no-edit", "HEAD"});
  git({"-C", work().string(), "push", "-q", bare().string(), "main"});
  git({"--git-dir", bare().string(), "fsck", "--strict"});
}

TEST_F(GitHistory, BranchesAndTagsKeepTheirCommits) {
  push_commit(1);
  git({"-C", work().string(), "tag", "-a", "v1", "-m", "x"});
  git({"-C", work().string(), "push", "-q", bare().string(), "v1"});
  push_commit(2);
  push_commit(3);
  ASSERT_TRUE(cut_history(bare()));
  EXPECT_EQ(git({"--git-dir", bare().string(), "rev-list", "--count", "--all"}), "2\n");
  git({"--git-dir", bare().string(), "cat-file", "-e", "v1:data"});
}

TEST_F(GitHistory, APushUnderWayIsLeftAlone) {
  push_commit(1);
  const UniqueFd pushing = *open_file(bare(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(pushing.get(), LOCK_SH), 0);
  const auto refused = cut_history(bare());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
}

TEST_F(GitHistory, AnEmptyRepositoryHasNothingToCut) {
  EXPECT_EQ(*cut_history(bare()), 0U);
  EXPECT_FALSE(cut_history(folder_ / "nothing"));
}

TEST_F(GitHistory, WhoeverPushesHoldsTheLock) {
  const auto argv = git_lock(bare(), {"/usr/bin/git", "receive-pack"});
  ASSERT_EQ(argv.size(), 6U);
  EXPECT_EQ(argv[0], "/usr/bin/flock");
  EXPECT_EQ(argv[3], bare().string());
  EXPECT_EQ(argv[5], "receive-pack");
}

}  // namespace
}  // namespace dokku::server
