#include "server/model/release.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(ReleaseStates, FollowTheDrawing) {
  using enum ReleaseState;
  EXPECT_TRUE(can_become(building, built));
  EXPECT_TRUE(can_become(starting, live));
  EXPECT_TRUE(can_become(retired, starting));
  EXPECT_FALSE(can_become(built, live));
  EXPECT_FALSE(can_become(failed, starting));
  for (const ReleaseState state : {building, built, starting, live, retired, failed}) {
    EXPECT_FALSE(can_become(state, state));
    EXPECT_EQ(parse_release_state(name_of(state)).value(), state);
  }
}

}  // namespace
}  // namespace dokku::server
