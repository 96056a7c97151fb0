#include "server/model/config.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(ConfigKey, IsANameThatShellsTake) {
  for (const char* good : {"A", "_", "a1", "PATH_2"}) EXPECT_TRUE(ConfigKey::parse(good)) << good;
  for (const char* bad : {"", "1A", "A-B", "A B", "A=B", "\xc3\x84"}) {
    EXPECT_FALSE(ConfigKey::parse(bad)) << bad;
  }
  EXPECT_EQ(ConfigKey::parse("a\x1b[0m").error().message(), "Invalid key name: 'a?[0m'");
}

}  // namespace
}  // namespace dokku::server
