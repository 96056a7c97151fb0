#include "server/supervise/tools.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/process.h"

namespace dokku::server {
namespace {

class ToolsTest : public ::testing::Test {
 protected:
  ToolsTest() {
    char name[] = "/tmp/tools-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    write("dokku-init", "init one");
    write("dokku-log", "log");
  }
  ~ToolsTest() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(directory_ / name) << content;
  }
  // What the start script makes of these words.
  int start(const std::vector<std::string>& words, const std::string& script) {
    ProcessSpec spec{.program = "/bin/bash", .arguments = {"bash", script}};
    spec.arguments.insert(spec.arguments.end(), words.begin(), words.end());
    spec.environment = {"HOME=" + directory_.string(), "PATH=/usr/bin:/bin"};
    auto process = Process::start(spec);
    return process ? process->wait()->shell_status() : -1;
  }
  std::filesystem::path directory_;
};

TEST_F(ToolsTest, ANewProgramGetsANewFolderAndTheOldOneStays) {
  const auto first = install_tools(directory_, directory_ / "state");
  ASSERT_TRUE(first) << first.error().message();
  const auto same = install_tools(directory_, directory_ / "state");
  ASSERT_TRUE(same);
  EXPECT_EQ(first->directory, same->directory);
  write("dokku-init", "init two");
  const auto second = install_tools(directory_, directory_ / "state");
  ASSERT_TRUE(second);
  EXPECT_NE(first->directory, second->directory);
  EXPECT_TRUE(std::filesystem::exists(first->init()));
}

TEST_F(ToolsTest, AMissingProgramIsNamed) {
  std::filesystem::remove(directory_ / "dokku-log");
  EXPECT_FALSE(install_tools(directory_, directory_ / "state"));
}

TEST_F(ToolsTest, TheStartScriptReadsLoginFilesInOrderThenRuns) {
  const auto tools = install_tools(directory_, directory_ / "state");
  ASSERT_TRUE(tools);
  std::filesystem::create_directory(directory_ / ".profile.d");
  write(".profile.d/B.sh", "export ORDER=${ORDER}B\n");
  write(".profile.d/a.sh", "export ORDER=${ORDER}a\nfalse\n");
  write(".profile", "export ORDER=${ORDER}p\n");
  EXPECT_EQ(start({"test \"$ORDER\" = Bap && exit 7"}, tools->start()), 7);
  EXPECT_EQ(start({"test", "a b", "=", "a b"}, tools->start()), 0);
  EXPECT_EQ(start({"sh", "-c", "exit $0", "9"}, tools->start()), 9);
}

}  // namespace
}  // namespace dokku::server
