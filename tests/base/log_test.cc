#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace dokku {
namespace {

TEST(Log, ALineHasTimeLevelAndMessage) {
  testing::internal::CaptureStderr();
  log::warn("disk is nearly full");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_EQ(line.size(), std::string("2026-11-21T02:00:00.000Z warn disk is nearly full\n").size());
  EXPECT_NE(line.find("Z warn disk is nearly full\n"), std::string::npos) << line;
}

TEST(Log, AMessageCannotBeginAnotherLine) {
  testing::internal::CaptureStderr();
  log::info("one\ntwo");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("one two\n"), std::string::npos) << line;
}

}  // namespace
}  // namespace dokku
