#include "base/cancel.h"

#include <gtest/gtest.h>

namespace dokku {
namespace {

TEST(CancelToken, StaysCancelled) {
  Result<CancelToken> token = CancelToken::create();
  ASSERT_TRUE(token.has_value());
  EXPECT_FALSE(token->cancelled());
  token->cancel();
  EXPECT_TRUE(token->cancelled());
  token->cancel();
  EXPECT_TRUE(token->cancelled());
}

}  // namespace
}  // namespace dokku
