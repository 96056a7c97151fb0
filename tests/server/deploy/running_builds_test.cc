#include "server/deploy/running_builds.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <thread>

namespace dokku::server {
namespace {

constexpr AppId kApp = static_cast<AppId>(1);
constexpr AppId kOther = static_cast<AppId>(2);

TEST(RunningBuildsTest, CancelReachesTheOneBuildAndWaitsForItsEnd) {
  RunningBuilds builds;
  const CancelToken token = *CancelToken::create();
  const CancelToken others = *CancelToken::create();
  const RunningBuilds::Entry other(builds, kOther, others);
  std::thread build([&, entry = std::make_unique<RunningBuilds::Entry>(builds, kApp, token)] {
    pollfd wait{token.fd(), POLLIN, 0};
    ::poll(&wait, 1, -1);
  });
  EXPECT_TRUE(builds.cancel(kApp, std::chrono::seconds(20)));
  build.join();
  EXPECT_FALSE(others.cancelled());
  EXPECT_EQ(builds.cancel(kApp, {}).error().code(), Errc::not_found);
}

TEST(RunningBuildsTest, OneThatDoesNotListenIsSaid) {
  RunningBuilds builds;
  const CancelToken token = *CancelToken::create();
  const RunningBuilds::Entry entry(builds, kApp, token);
  EXPECT_EQ(builds.cancel(kApp, std::chrono::milliseconds(1)).error().code(), Errc::timed_out);
  EXPECT_TRUE(token.cancelled());
}

}  // namespace
}  // namespace dokku::server
