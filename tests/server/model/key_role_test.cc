#include "server/model/key_role.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(KeyRole, ReadsItsOwnNames) {
  for (const KeyRole role : {KeyRole::read, KeyRole::deploy, KeyRole::admin}) {
    EXPECT_EQ(parse_key_role(key_role_name(role)).value(), role);
  }
  EXPECT_EQ(parse_key_role("root").error().message(),
            "Invalid role specified, valid roles include: admin, deploy, read");
  EXPECT_FALSE(parse_key_role(""));
}

TEST(AppScope, SeesItsAppsOnlyUnlessItIsEmpty) {
  EXPECT_TRUE(AppScope().sees("blog"));
  const AppScope some({"shop", "blog"});
  EXPECT_TRUE(some.sees("blog"));
  EXPECT_FALSE(some.sees("blog2"));
  EXPECT_FALSE(some.sees(""));
  EXPECT_TRUE(some.sees_container("blog.run.7"));
  EXPECT_FALSE(some.sees_container("blog2.run.7"));
  EXPECT_EQ(some.text(), "blog, shop");
}

}  // namespace
}  // namespace dokku::server
