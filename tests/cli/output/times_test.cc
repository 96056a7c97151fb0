#include "cli/output/times.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

using std::chrono::seconds;

TEST(Times, IsoIsUtcWithSeconds) {
  EXPECT_EQ(iso_time(WallTime(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso_time(WallTime(seconds(1794462247))), "2026-11-12T05:44:07Z");
}

TEST(Times, AgoIsInTheLargestUnitThatFits) {
  const WallTime now = WallTime(seconds(2'000'000));
  EXPECT_EQ(time_ago(now, now), "now");
  EXPECT_EQ(time_ago(now + seconds(5), now), "now");
  EXPECT_EQ(time_ago(now - seconds(1), now), "1 second ago");
  EXPECT_EQ(time_ago(now - seconds(59), now), "59 seconds ago");
  EXPECT_EQ(time_ago(now - seconds(180), now), "3 minutes ago");
  EXPECT_EQ(time_ago(now - seconds(3600), now), "1 hour ago");
  EXPECT_EQ(time_ago(now - seconds(86400 * 9), now), "9 days ago");
}

}  // namespace
}  // namespace dokku::cli
