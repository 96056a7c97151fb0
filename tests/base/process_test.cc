#include "base/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "base/io.h"

namespace dokku {
namespace {

ProcessSpec shell(const std::string& script) {
  return {.program = "/bin/sh", .arguments = {"sh", "-c", script}, .environment = {}};
}

TEST(Process, TellsTheExitStatus) {
  Result<Process> process = Process::start(shell("exit 7"));
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->wait()->shell_status(), 7);
}

TEST(Process, TellsTheSignal) {
  Result<Process> process = Process::start(shell("kill -9 $$"));
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->wait()->signal, 9);
}

TEST(Process, NamesAProgramThatIsNotThere) {
  Result<Process> process =
      Process::start({.program = "/no/such", .arguments = {"such"}, .environment = {}});
  ASSERT_FALSE(process.has_value());
  EXPECT_NE(process.error().message().find("/no/such"), std::string::npos);
}

TEST(Process, MapsDescriptorsAndNothingElse) {
  Result<Pipe> pipe = make_pipe();
  ASSERT_TRUE(pipe.has_value());
  ProcessSpec spec = shell("echo three >&3; ls /proc/self/fd");
  Result<Pipe> listing = make_pipe();
  ASSERT_TRUE(listing.has_value());
  spec.stdout_fd = listing->write.get();
  spec.more_fds = {pipe->write.get()};
  Result<Process> process = Process::start(spec);
  ASSERT_TRUE(process.has_value());
  ASSERT_TRUE(process->wait()->ok());
  pipe->write.reset();
  listing->write.reset();
  EXPECT_EQ(*read_all(pipe->read.get(), 100), "three\n");
  EXPECT_EQ(*read_all(listing->read.get(), 100), "0\n1\n2\n3\n4\n");  // 4 is ls's own
}

TEST(Process, AnOrphanIsNotOurChildAndIsMindedAllTheSame) {
  Result<Pipe> said = make_pipe();
  ASSERT_TRUE(said.has_value());
  ProcessSpec spec = shell("echo $PPID; exec >&-; read forever <&3");
  Result<Pipe> silence = make_pipe();
  spec.stdout_fd = said->write.get();
  spec.more_fds = {silence->read.get()};
  spec.orphan = true;
  int pidfd = -1;
  {
    Result<Process> process = Process::start(spec);
    ASSERT_TRUE(process.has_value());
    said->write.reset();
    // Whoever that is; the shell is still there, so it has not been replaced.
    EXPECT_NE(*read_all(said->read.get(), 100), std::to_string(::getpid()) + "\n");
    EXPECT_EQ(process->wait().error().code(), Errc::not_found);
    pidfd = ::fcntl(process->pidfd(), F_DUPFD_CLOEXEC, 0);
    pollfd running{pidfd, POLLIN, 0};
    EXPECT_EQ(::poll(&running, 1, 0), 0);
  }
  const UniqueFd held(pidfd);
  pollfd ended{pidfd, POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);  // killed with the object
}

TEST(Process, AnOrphanThatCannotStartIsNamed) {
  ProcessSpec spec{.program = "/no/such", .arguments = {"such"}, .environment = {}};
  spec.orphan = true;
  const Result<Process> process = Process::start(spec);
  ASSERT_FALSE(process.has_value());
  EXPECT_NE(process.error().message().find("/no/such"), std::string::npos);
}

TEST(Process, WaitForGivesUpInTime) {
  Result<Process> process = Process::start(shell("read x"));
  ASSERT_TRUE(process.has_value());
  Result<ExitStatus> early = Process::start(shell("exit 0"))->wait_for(std::chrono::seconds(10));
  EXPECT_TRUE(early.has_value());
}

}  // namespace
}  // namespace dokku
