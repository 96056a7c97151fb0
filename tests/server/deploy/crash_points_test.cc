#include "server/deploy/crash_points.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "base/io.h"

namespace dokku::server {
namespace {

TEST(CrashPoints, RefusesNamesThatAreNotListed) {
  CrashPoints points;
  EXPECT_FALSE(points.arm("deploy.nowhere"));
  EXPECT_FALSE(points.arm("deploy.ready:0"));
  EXPECT_TRUE(points.arm("deploy.ready:2"));
}

TEST(CrashPoints, KillsAtTheNthTime) {
  CrashPoints points;
  ASSERT_TRUE(points.arm("deploy.ready:2"));
  points.reached("deploy.ready");
  points.reached("deploy.built");
  EXPECT_EXIT(points.reached("deploy.ready"), ::testing::KilledBySignal(SIGKILL), "");
}

TEST(CrashPoints, AFileThatChangesArmsAnewAndCountsAnew) {
  const std::string file = testing::TempDir() + "crash-at." + std::to_string(::getpid());
  const auto say = [&](std::string_view at) { ASSERT_TRUE(write_file_atomically(file, at)); };
  CrashPoints points;
  points.arm_from(file);
  points.reached("deploy.ready");
  say("deploy.ready:2");
  points.reached("deploy.ready");
  EXPECT_EXIT(points.reached("deploy.ready"), ::testing::KilledBySignal(SIGKILL), "");
  say("");
  points.reached("deploy.ready");
  std::filesystem::remove(file);
}

TEST(CrashPoints, TracesWhatIsReached) {
  auto pipe = make_pipe();
  CrashPoints points;
  points.trace_to(pipe->write.get());
  points.reached("containers.create");
  points.reached("containers.create");
  pipe->write.reset();
  EXPECT_EQ(*read_all(pipe->read.get(), 100), "containers.create:1\ncontainers.create:2\n");
}

}  // namespace
}  // namespace dokku::server
