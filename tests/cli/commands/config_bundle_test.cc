#include "cli/commands/config_bundle.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

TEST(ConfigBundle, HasAFilePerKeyAndTwoEmptyBlocks) {
  const std::string tar = config_bundle({{"A", "one\ntwo"}, {"B", std::string(600, 'x')}});
  ASSERT_EQ(tar.size(), 512U * (2 + 3 + 2));
  EXPECT_STREQ(tar.data(), "A");
  EXPECT_STREQ(tar.data() + 124, "00000000007");
  EXPECT_EQ(tar.substr(512, 7), "one\ntwo");
  EXPECT_STREQ(tar.data() + 1024, "B");
  EXPECT_EQ(tar.substr(257, 5), "ustar");
}

TEST(ConfigBundle, LongKeysGetAnExtendedHeader) {
  const std::string key(200, 'K');
  const std::string tar = config_bundle({{key, "v"}});
  EXPECT_EQ(tar[156], 'x');
  EXPECT_EQ(tar.substr(512, 210), "210 path=" + key + "\n");
  EXPECT_EQ(tar[1024 + 156], '0');
}

TEST(ConfigBundle, OfNothingIsAnEmptyArchive) {
  EXPECT_EQ(config_bundle({}), std::string(1024, '\0'));
}

}  // namespace
}  // namespace dokku::cli
