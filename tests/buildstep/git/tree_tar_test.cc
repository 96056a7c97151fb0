#include "buildstep/git/tree_tar.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/io.h"
#include "base/process.h"
#include "tests/paths/paths.h"

// The probe of the design's section 8: libgit2 reads what a real `git push` put into quarantine.
// This program itself is the pre-receive hook: it runs again with the test named below.
namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "dokku-git-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<std::string> git_environment(const fs::path& home) {
  return {"PATH=/usr/bin:/bin",
          "HOME=" + home.string(),
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_AUTHOR_NAME=a",
          "GIT_AUTHOR_EMAIL=a@b",
          "GIT_COMMITTER_NAME=a",
          "GIT_COMMITTER_EMAIL=a@b",
          "GIT_AUTHOR_DATE=2020-01-01T00:00:00Z",
          "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z"};
}

// Runs a program and returns what it printed; its status goes to `status`.
std::string run(std::vector<std::string> argv, const fs::path& directory, const fs::path& home,
                int* status = nullptr) {
  Result<Pipe> output = make_pipe();
  ProcessSpec spec{.program = argv[0], .arguments = argv, .environment = git_environment(home)};
  spec.directory = directory.string();
  spec.stdout_fd = output->write.get();
  spec.stderr_fd = output->write.get();
  Result<Process> process = Process::start(spec);
  if (!process) return process.error().message();
  output->write.reset();
  std::string text = *read_all(output->read.get(), 1 << 20);
  const int code = process->wait()->shell_status();
  if (status != nullptr) *status = code;
  return text;
}

class PushedTree : public testing::Test {
 protected:
  void SetUp() override {
    git({"git", "init", "-q", "--bare", bare().string()});
    git({"git", "init", "-q", "-b", "main", work().string()});
    write("Procfile", "web: true\n");
    write("bin/run", "#!/bin/sh\n");
    fs::permissions(work() / "bin/run", fs::perms::owner_all);
    write("n\xc3\xa4me", "x");
    fs::create_symlink("Procfile", work() / "link");
    git_in_work({"git", "add", "-A"});
    git_in_work({"git", "update-index", "--add", "--cacheinfo",
                 "160000,1234567890123456789012345678901234567890,sub"});
    git_in_work({"git", "commit", "-qm", "one"});
    commit_ = git_in_work({"git", "rev-parse", "HEAD"}).substr(0, 40);
  }

  void write(const std::string& name, const std::string& content) {
    fs::create_directories((work() / name).parent_path());
    std::ofstream(work() / name) << content;
  }
  fs::path bare() const { return scratch_.path() / "app.git"; }
  fs::path work() const { return scratch_.path() / "work"; }
  fs::path out() const { return scratch_.path() / "out.tar"; }
  std::string git(std::vector<std::string> argv) {
    return run(std::move(argv), scratch_.path(), scratch_.path());
  }
  std::string git_in_work(std::vector<std::string> argv) {
    return run(std::move(argv), work(), scratch_.path());
  }
  // By a real push, whose hook writes the tar. What it said.
  std::string push(const std::string& git_dir_on) {
    std::ofstream(bare() / "hooks/pre-receive")
        << "#!/bin/sh\nread old new ref\n"
        << (git_dir_on.empty() ? "" : "export DOKKU_TEST_GIT_DIR_ON=" + git_dir_on + "\n")
        << "DOKKU_TEST_COMMIT=$new DOKKU_TEST_OUT=" << out().string() << " exec "
        << (tests::binary_dir() / "pre_receive_hook").string() << "\n";
    fs::permissions(bare() / "hooks/pre-receive", fs::perms::owner_all);
    int status = -1;
    std::string said =
        run({"git", "push", "-q", bare().string(), "main"}, work(), scratch_.path(), &status);
    EXPECT_EQ(status, 0) << said;
    return said;
  }
  std::string listing() {
    return run({"tar", "--utc", "-tvf", out().string()}, scratch_.path(), scratch_.path());
  }

  Scratch scratch_;
  std::string commit_;
};

TEST_F(PushedTree, IsReadOutOfQuarantineByAPreReceiveHook) {
  const std::string said = push("");
  const std::string list = listing();
  EXPECT_NE(list.find("-rwxr-xr-x 0/0              10 2000-01-01 00:00 bin/run"), std::string::npos)
      << list << said;
  EXPECT_NE(list.find(" link -> Procfile"), std::string::npos) << list;
  EXPECT_NE(list.find(" sub/"), std::string::npos) << list;
  EXPECT_EQ(list.find(".git/"), std::string::npos) << list;
  EXPECT_EQ(run({"tar", "-xOf", out().string(), kSubmodulesFile}, scratch_.path(), scratch_.path()),
            "1234567890123456789012345678901234567890 sub\n");
}

// What a pack may ask of it.
TEST_F(PushedTree, HasTheHistoryOnItsBranchWhenItIsAskedFor) {
  git_in_work({"git", "commit", "-q", "--allow-empty", "-m", "two"});
  commit_ = git_in_work({"git", "rev-parse", "HEAD"}).substr(0, 40);
  push("refs/heads/feature/x");
  const fs::path there = scratch_.path() / "there";
  fs::create_directories(there);
  run({"tar", "-xf", out().string(), "-C", there.string()}, scratch_.path(), scratch_.path());
  fs::remove(there / kSubmodulesFile);
  const auto ask = [&](std::vector<std::string> argv) {
    return run(std::move(argv), there, scratch_.path());
  };
  EXPECT_EQ(ask({"git", "rev-parse", "HEAD"}), commit_ + "\n");
  EXPECT_EQ(ask({"git", "describe", "--always", "--dirty"}), commit_.substr(0, 7) + "\n");
  EXPECT_EQ(ask({"git", "describe", "--all"}), "heads/feature/x\n");
  EXPECT_EQ(ask({"git", "log", "--format=%s"}), "two\none\n");
  EXPECT_EQ(ask({"git", "fsck", "--strict"}), "");
  EXPECT_EQ(ask({"git", "status", "--porcelain"}), "");
}

TEST_F(PushedTree, SameCommitSameBytesOfItsHistoryToo) {
  std::map<int, std::string> bytes;
  for (int round = 0; round < 2; ++round) {
    Result<UniqueFd> tar = open_file(out(), O_CREAT | O_TRUNC | O_WRONLY);
    const TreeWanted wanted{commit_, "refs/heads/main"};
    ASSERT_TRUE(write_tree_as_tar(object_dirs_of(work() / ".git"), wanted, tar->get()));
    bytes[round] = *read_file(out());
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST_F(PushedTree, SameTreeSameBytes) {
  std::map<int, std::string> bytes;
  for (int round = 0; round < 2; ++round) {
    Result<UniqueFd> tar = open_file(out(), O_CREAT | O_TRUNC | O_WRONLY);
    ASSERT_TRUE(
        write_tree_as_tar(object_dirs_of(work() / ".git"), {commit_, {}}, tar->get()).has_value());
    bytes[round] = *read_file(out());
    git_in_work({"git", "commit", "-q", "--allow-empty", "-m", "two"});
    commit_ = git_in_work({"git", "rev-parse", "HEAD"}).substr(0, 40);
  }
  EXPECT_FALSE(bytes[0].empty());
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST_F(PushedTree, RefusesWhatIsOverTheLimits) {
  Result<UniqueFd> tar = open_file(out(), O_CREAT | O_TRUNC | O_WRONLY);
  const ObjectDirs objects = object_dirs_of(work() / ".git");
  Result<TreeSummary> files =
      write_tree_as_tar(objects, {commit_, {}, {.files_max = 2}}, tar->get());
  ASSERT_FALSE(files.has_value());
  EXPECT_EQ(files.error().code(), Errc::limit_exceeded);
  Result<TreeSummary> bytes =
      write_tree_as_tar(objects, {commit_, {}, {.bytes_max = 3}}, tar->get());
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().code(), Errc::limit_exceeded);
}

TEST_F(PushedTree, NamesACommitThatIsNotThere) {
  Result<UniqueFd> null = open_file("/dev/null", O_WRONLY);
  Result<TreeSummary> missing =
      write_tree_as_tar(object_dirs_of(bare()), {std::string(40, '1'), {}}, null->get());
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_FALSE(write_tree_as_tar(object_dirs_of(bare()), {"main", {}}, null->get()).has_value());
}

}  // namespace
}  // namespace dokku::buildstep
