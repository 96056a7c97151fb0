#include "server/model/formation.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(Formation, ReadsCountsAndNamesMistakes) {
  EXPECT_EQ(*parse_formation({"web=2", "my-worker=0"}), (Formation{{"web", 2}, {"my-worker", 0}}));
  EXPECT_EQ(parse_formation({"web"}).error().message(), "Missing count for process type web");
  EXPECT_EQ(parse_formation({"web="}).error().message(), "Missing count for process type web");
  for (const char* bad : {"web=x", "web=-1", "web=1x", "web=101", "web=99999999999"}) {
    EXPECT_EQ(parse_formation({bad}).error().message(), "Invalid count for process type web");
  }
  EXPECT_FALSE(parse_formation({"we b=1"}));
  EXPECT_EQ(wanted_count({}, "web"), 1U);
  EXPECT_EQ(wanted_count({}, "worker"), 0U);
}

}  // namespace
}  // namespace dokku::server
