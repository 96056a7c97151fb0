#include "base/process.h"

#include <gtest/gtest.h>

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

TEST(Process, WaitForGivesUpInTime) {
  Result<Process> process = Process::start(shell("read x"));
  ASSERT_TRUE(process.has_value());
  Result<ExitStatus> early = Process::start(shell("exit 0"))->wait_for(std::chrono::seconds(10));
  EXPECT_TRUE(early.has_value());
}

}  // namespace
}  // namespace dokku
