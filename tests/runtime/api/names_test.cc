#include "runtime/api/names.h"

#include <gtest/gtest.h>

namespace dokku::runtime {
namespace {

struct NameCase {
  const char* name;
  std::string text;
  bool valid;
};

class ContainerIdParse : public testing::TestWithParam<NameCase> {};

TEST_P(ContainerIdParse, FollowsContainerdsRule) {
  EXPECT_EQ(ContainerId::parse(GetParam().text).has_value(), GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(
    , ContainerIdParse,
    testing::Values(NameCase{"Dotted", "blog.web.1", true}, NameCase{"Hyphen", "blog-web-1", true},
                    NameCase{"Slash", "blog/web", false}, NameCase{"LeadingMark", ".blog", false},
                    NameCase{"TrailingMark", "blog-", false}, NameCase{"TwoMarks", "a--b", false},
                    NameCase{"Empty", "", false}, NameCase{"Long", std::string(77, 'a'), false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(DigestParse, WantsLowerCaseHex) {
  EXPECT_TRUE(Digest::parse("sha256:" + std::string(64, 'a')).has_value());
  EXPECT_FALSE(Digest::parse("sha256:" + std::string(64, 'A')).has_value());
  EXPECT_FALSE(Digest::parse("sha256:" + std::string(63, 'a')).has_value());
  EXPECT_FALSE(Digest::parse(std::string(64, 'a')).has_value());
}

}  // namespace
}  // namespace dokku::runtime
