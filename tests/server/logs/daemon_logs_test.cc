#include "server/logs/daemon_logs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/io.h"
#include "base/unique_fd.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class DaemonLogs : public ::testing::Test {
 protected:
  DaemonLogs() {
    std::string pattern = (fs::temp_directory_path() / "daemon-logs.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DaemonLogs() override { fs::remove_all(folder_); }

  UniqueFd writer(const std::string& name) {
    return *open_file(folder_ / name, O_WRONLY | O_CREAT | O_APPEND);
  }
  static void line(int fd, int number) {
    ASSERT_TRUE(write_all(fd, "line " + std::to_string(number) + "\n"));
  }

  fs::path folder_;
};

TEST_F(DaemonLogs, AreTheFilesOfTheFolderAndWhatIsNamed) {
  writer("dokkud.log");
  writer("sshd.log");
  writer("dokkud.log.1");
  writer("elsewhere");
  const auto logs = daemon_logs(
      folder_, {{"containerd", folder_ / "elsewhere"}, {"nothing", folder_ / "nothing"}});
  ASSERT_EQ(logs.size(), 3U);
  EXPECT_EQ(logs[0].program, "containerd");
  EXPECT_EQ(logs[1].program, "dokkud");
  EXPECT_EQ(logs[2].program, "sshd");
  EXPECT_TRUE(daemon_logs(folder_ / "none", {}).empty());
}

TEST_F(DaemonLogs, ALargeOneIsCutAndItsWriterGoesOn) {
  const UniqueFd fd = writer("dokkud.log");
  for (int i = 0; i < 100; ++i) line(fd.get(), i);
  ASSERT_TRUE(cut_daemon_log({"dokkud", folder_ / "dokkud.log"}, 200));
  line(fd.get(), 100);
  EXPECT_EQ(*read_file(folder_ / "dokkud.log"), "line 100\n");
  const std::string older = *read_file(folder_ / "dokkud.log.1");
  EXPECT_TRUE(older.starts_with("line ")) << older;
  EXPECT_TRUE(older.ends_with("line 98\nline 99\n")) << older;
  EXPECT_LE(older.size(), 100U);
}

TEST_F(DaemonLogs, ASmallOneStays) {
  const UniqueFd fd = writer("dokkud.log");
  line(fd.get(), 1);
  ASSERT_TRUE(cut_daemon_log({"dokkud", folder_ / "dokkud.log"}, 200));
  EXPECT_EQ(*read_file(folder_ / "dokkud.log"), "line 1\n");
  EXPECT_FALSE(fs::exists(folder_ / "dokkud.log.1"));
}

TEST_F(DaemonLogs, ALinkIsNotFollowed) {
  const UniqueFd fd = writer("target");
  for (int i = 0; i < 100; ++i) line(fd.get(), i);
  fs::create_symlink(folder_ / "target", folder_ / "x.log");
  ASSERT_TRUE(cut_daemon_log({"x", folder_ / "x.log"}, 200));
  EXPECT_GT(fs::file_size(folder_ / "target"), 200U);
}

}  // namespace
}  // namespace dokku::server
