#include "cli/client/starting.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

TEST(Starting, IsSystemdsWhereItRuns) {
  EXPECT_EQ(how_to("start", true), "systemctl start dokku");
  EXPECT_EQ(how_to("restart", true), "systemctl restart dokku");
}

TEST(Starting, IsTheSupervisorsElsewhere) {
  EXPECT_TRUE(how_to("start", false).starts_with("dokku-supervise"));
}

}  // namespace
}  // namespace dokku::cli
