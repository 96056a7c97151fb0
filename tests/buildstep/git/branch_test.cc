#include "buildstep/git/branch.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/io.h"
#include "base/process.h"

namespace dokku::buildstep {
namespace {

class BranchTest : public ::testing::Test {
 protected:
  BranchTest() {
    char name[] = "/tmp/branch-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    git({"init", "-q", "--bare", "."});
    const std::string tree = git({"hash-object", "-w", "-t", "tree", "/dev/null"});
    one_ = git({"commit-tree", "-m", "one", tree});
    two_ = git({"commit-tree", "-m", "two", tree});
  }
  ~BranchTest() override { std::filesystem::remove_all(directory_); }

  std::string git(std::vector<std::string> words) {
    auto pipe = make_pipe();
    ProcessSpec spec{.program = "/usr/bin/git", .directory = directory_};
    spec.arguments = std::move(words);
    spec.arguments.insert(spec.arguments.begin(), "git");
    spec.environment = {"GIT_AUTHOR_NAME=a",       "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a",
                        "GIT_COMMITTER_EMAIL=a@b", "HOME=/nonexistent",    "PATH=/usr/bin:/bin"};
    spec.stdout_fd = pipe->write.get();
    auto process = Process::start(spec);
    EXPECT_TRUE(process);
    pipe->write.reset();
    std::string out = *read_all(pipe->read.get(), 1 << 16);
    EXPECT_TRUE(process->wait()->ok() || spec.arguments[1] == "rev-parse");
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }
  std::string main_now() { return git({"rev-parse", "-q", "--verify", "refs/heads/main"}); }

  std::filesystem::path directory_;
  std::string one_, two_;
};

TEST_F(BranchTest, GoesBackToWhereItWas) {
  git({"update-ref", "refs/heads/main", two_});
  const auto put = put_branch(directory_, {"refs/heads/main", one_});
  ASSERT_TRUE(put) << put.error().message();
  EXPECT_EQ(main_now(), one_);
  EXPECT_TRUE(put_branch(directory_, {"refs/heads/main", one_}));
}

TEST_F(BranchTest, ZerosMeanThatThereWasNone) {
  git({"update-ref", "refs/heads/main", two_});
  EXPECT_TRUE(put_branch(directory_, {"refs/heads/main", std::string(40, '0')}));
  EXPECT_EQ(main_now(), "");
  EXPECT_TRUE(put_branch(directory_, {"refs/heads/main", std::string(40, '0')}));
}

TEST_F(BranchTest, AnObjectThatIsNotThereIsAnError) {
  EXPECT_FALSE(put_branch(directory_, {"refs/heads/main", std::string(40, '1')}));
}

}  // namespace
}  // namespace dokku::buildstep
