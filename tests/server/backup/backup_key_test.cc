#include "server/backup/backup_key.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(BackupKey, HalvesBelongTogether) {
  const auto pair = make_backup_key();
  ASSERT_TRUE(pair);
  const auto secret = parse_secret_key("# made today\n\n  " + pair->secret_text + "\n");
  const auto open = parse_public_key(" " + pair->public_text + "\n");
  ASSERT_TRUE(secret) << secret.error().message();
  ASSERT_TRUE(open) << open.error().message();
  EXPECT_EQ(public_of(*secret)->view(), open->view());
}

TEST(BackupKey, SaysWhichHalfItIsNotAndWhenItWasMistyped) {
  const auto pair = make_backup_key();
  ASSERT_TRUE(pair);
  EXPECT_FALSE(parse_secret_key(pair->public_text));
  EXPECT_FALSE(parse_public_key(pair->secret_text));
  EXPECT_FALSE(parse_secret_key(""));
  std::string mistyped = pair->public_text;
  char& digit = mistyped[mistyped.size() - 20];
  digit = digit == '0' ? '1' : '0';
  const auto refused = parse_public_key(mistyped);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "This key was mistyped, or is cut");
  EXPECT_FALSE(parse_public_key(pair->public_text.substr(0, 60)));
}

}  // namespace
}  // namespace dokku::server
