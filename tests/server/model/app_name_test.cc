#include "server/model/app_name.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

struct NameCase {
  const char* name;
  std::string text;
  bool valid;
};

std::string case_name(const testing::TestParamInfo<NameCase>& row) { return row.param.name; }

class AppNameParse : public testing::TestWithParam<NameCase> {};

TEST_P(AppNameParse, FollowsDokkusRule) {
  EXPECT_EQ(AppName::parse(GetParam().text).has_value(), GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(
    , AppNameParse,
    testing::Values(NameCase{"Plain", "blog", true}, NameCase{"Dotted", "blog.staging", true},
                    NameCase{"Digit", "1blog", true}, NameCase{"Empty", "", false},
                    NameCase{"LeadingHyphen", "-blog", false},
                    NameCase{"LeadingDot", ".blog", false}, NameCase{"UpperCase", "Blog", false},
                    NameCase{"Underscore", "a_b", false},
                    NameCase{"PathTraversal", "../etc", false}, NameCase{"Newline", "a\nb", false},
                    NameCase{"Nul", std::string("a\0b", 3), false},
                    NameCase{"Longest", std::string(63, 'a'), true},
                    NameCase{"TooLong", std::string(64, 'a'), false}),
    case_name);

TEST(Printable, ShowsTextAndHidesControls) {
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(printable("a\x1b[31m\n\x7f\xff\xc2\x85"), "a?[31m?????");
  EXPECT_LT(printable(std::string(100'000, 'x')).size(), 210U);
}

}  // namespace
}  // namespace dokku::server
