#include "base/check.h"

#include <gtest/gtest.h>

namespace dokku {
namespace {

TEST(Check, PassesInSilence) { CHECK(1 + 1 == 2); }

TEST(CheckDeathTest, AbortsNamingTheExpressionAndThePlace) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), R"(check_test\.cc:[0-9]+: CHECK failed: 1 \+ 1 == 3)");
}

}  // namespace
}  // namespace dokku
