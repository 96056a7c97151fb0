#include "server/setup_page/guesses.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(GuessesOf, AnAddressAreLimitedForAWhile) {
  Guesses guesses;
  const TimePoint now{};
  for (int i = 0; i < Guesses::kMax; ++i) {
    EXPECT_FALSE(guesses.too_many("10.0.0.1", now));
    guesses.note("10.0.0.1", now + std::chrono::seconds(i));
  }
  EXPECT_TRUE(guesses.too_many("10.0.0.1", now));
  EXPECT_FALSE(guesses.too_many("10.0.0.2", now));
  EXPECT_FALSE(guesses.too_many("10.0.0.1", now + Guesses::kPeriod));
  guesses.note("10.0.0.1", now + Guesses::kPeriod);
  EXPECT_FALSE(guesses.too_many("10.0.0.1", now + Guesses::kPeriod));
}

TEST(GuessesOf, ManyAddressesAreForgottenFromTheFirst) {
  Guesses guesses;
  TimePoint now{};
  for (int i = 0; i < Guesses::kMax; ++i) guesses.note("first", now);
  ASSERT_TRUE(guesses.too_many("first", now));
  for (std::size_t i = 0; i < Guesses::kAddressesMax; ++i) {
    now += std::chrono::milliseconds(1);
    guesses.note(std::to_string(i), now);
  }
  EXPECT_FALSE(guesses.too_many("first", now));
}

}  // namespace
}  // namespace dokku::server
