#include "server/daemons/daemon_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/io.h"

namespace dokku::server {
namespace {

class DaemonLogTest : public testing::Test {
 protected:
  ~DaemonLogTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("daemon-log-" + std::to_string(::getpid()));
  std::filesystem::path file_ = folder_ / "new" / "dokkud.log";
};

TEST_F(DaemonLogTest, IsMadeWithItsFolderAndAppendedTo) {
  for (const char* line : {"one\n", "two\n"}) {
    const Result<UniqueFd> log = open_daemon_log(file_);
    ASSERT_TRUE(log) << log.error().message();
    ASSERT_TRUE(write_all(log->get(), line));
  }
  EXPECT_EQ(*read_file(file_), "one\ntwo\n");
}

TEST_F(DaemonLogTest, WhatIsTooMuchBecomesTheOlderOneWhileTheDaemonWrites) {
  const Result<UniqueFd> log = open_daemon_log(file_);
  ASSERT_TRUE(write_all(log->get(), "0123456789"));
  trim_daemon_log(file_, 10);
  EXPECT_EQ(*read_file(file_), "0123456789") << "not yet";
  trim_daemon_log(file_, 9);
  ASSERT_TRUE(write_all(log->get(), "new\n"));
  EXPECT_EQ(*read_file(file_), "new\n");
  EXPECT_EQ(*read_file(file_.string() + ".1"), "0123456789");
}

}  // namespace
}  // namespace dokku::server
