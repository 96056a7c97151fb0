#include "buildstep/buildpack/environment.h"

#include <gtest/gtest.h>

namespace dokku::buildstep {
namespace {

TEST(Environment, HidesWhatWouldBreakScripts) {
  for (const char* name :
       {"PATH", "GIT_DIR", "GIT_SSH", "LD_PRELOAD", "BASH_ENV", "ENV", "bad-name"}) {
    EXPECT_TRUE(hidden_from_scripts(name)) << name;
  }
  EXPECT_FALSE(hidden_from_scripts("DATABASE_URL"));
}

}  // namespace
}  // namespace dokku::buildstep
