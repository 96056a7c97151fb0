#include "server/daemons/running.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/process.h"

namespace dokku::server {
namespace {

class RunningTest : public testing::Test {
 protected:
  ~RunningTest() override { std::filesystem::remove(file_); }
  Process waits() {
    return *Process::start({.program = "tail", .arguments = {"tail", "-f", "/dev/null"}});
  }
  void note(const std::string& text) { ASSERT_TRUE(write_file_atomically(file_, text)); }

  std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / ("running-" + std::to_string(::getpid()));
};

TEST_F(RunningTest, IsFoundAgainByItsFile) {
  const Process process = waits();
  ASSERT_TRUE(Running::of(process.pid())->note_in(file_));
  const Result<Running> found = Running::noted_in(file_);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->pid(), process.pid());
  EXPECT_FALSE(found->has_ended());
}

TEST_F(RunningTest, OneThatEndedIsNotFoundEvenAsAZombie) {
  Process process = waits();
  const Result<Running> running = Running::of(process.pid());
  ASSERT_TRUE(running->note_in(file_));
  ASSERT_TRUE(running->signal(SIGKILL));
  ASSERT_TRUE(process.wait());
  EXPECT_TRUE(running->has_ended());
  EXPECT_EQ(Running::noted_in(file_).error().code(), Errc::not_found);
  EXPECT_EQ(running->signal(SIGTERM).error().code(), Errc::not_found);
}

TEST_F(RunningTest, ANumberThatWasGivenAwayAgainIsNotTheDaemon) {
  note(std::to_string(::getpid()) + " 1\n");
  EXPECT_EQ(Running::noted_in(file_).error().message(), "it is another process now");
}

TEST_F(RunningTest, ANumberAloneWillDo) {
  note(std::to_string(::getpid()) + "\n");
  EXPECT_TRUE(Running::noted_in(file_));
}

TEST_F(RunningTest, AFileOfNoUseIsNoProcess) {
  for (const char* text : {"", "\n", "x", "-1 2", "0"}) {
    note(text);
    EXPECT_FALSE(Running::noted_in(file_)) << text;
  }
}

TEST_F(RunningTest, AShorterNoteLeavesNothingOfALongerOne) {
  note("999999999 99999999999999999999999999\n");
  ASSERT_TRUE(Running::of(::getpid())->note_in(file_));
  EXPECT_EQ(Running::noted_in(file_)->pid(), ::getpid());
}

}  // namespace
}  // namespace dokku::server
