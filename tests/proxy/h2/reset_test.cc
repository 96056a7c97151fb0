#include "proxy/h2/reset.h"

#include <gtest/gtest.h>

namespace dokku::proxy::h2 {
namespace {

TEST(Reset, CodesComeBackAsTheyWent) {
  for (const Reset each : {Reset::no_error, Reset::internal_error, Reset::refused, Reset::cancel,
                           Reset::calm, Reset::inadequate_security, Reset::http_1_1_required}) {
    EXPECT_EQ(reset_of(code_of(each)), each);
  }
}

TEST(Reset, CodesThatNobodyActsOnAreErrors) {
  EXPECT_EQ(reset_of(1), Reset::internal_error);
  EXPECT_EQ(reset_of(0xffffffff), Reset::internal_error);
}

}  // namespace
}  // namespace dokku::proxy::h2
