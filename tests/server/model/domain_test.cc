#include "server/model/domain.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

struct NameCase {
  const char* name;
  std::string text;
  bool valid;
};

std::string case_name(const testing::TestParamInfo<NameCase>& row) { return row.param.name; }

class DomainParse : public testing::TestWithParam<NameCase> {};

TEST_P(DomainParse, AcceptsHostNamesOnly) {
  EXPECT_EQ(Domain::parse(GetParam().text).has_value(), GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(
    , DomainParse,
    testing::Values(
        NameCase{"Plain", "a.example.com", true}, NameCase{"UpperCase", "A.Example.COM", true},
        NameCase{"OneLabel", "localhost", true}, NameCase{"Wildcard", "*.example.com", true},
        NameCase{"LoneUnderscore", "_", true}, NameCase{"Address", "192.0.2.1", true},
        NameCase{"Empty", "", false}, NameCase{"LoneStar", "*", false},
        NameCase{"StarInside", "a.*.com", false}, NameCase{"Underscore", "a_b.com", false},
        NameCase{"EmptyLabel", "a..b", false}, NameCase{"TrailingDot", "a.b.", false},
        NameCase{"Flag", "--bogus", false}, NameCase{"Slash", "a/b", false},
        NameCase{"Port", "a.com:80", false}, NameCase{"Shell", "$(id).com", false},
        NameCase{"LongLabel", std::string(64, 'a'), false},
        NameCase{"NotAscii",
                 "b\xc3\xbc"
                 "cher.example",
                 false}),
    case_name);

TEST(Domain, IsKeptInLowerCase) {
  EXPECT_EQ(Domain::parse("A.Example.COM")->str(), "a.example.com");
  EXPECT_TRUE(Domain::parse("192.0.2.1")->is_address());
  EXPECT_FALSE(Domain::parse("192.example")->is_address());
}

TEST(Domain, ALeadingDotMeansTheNameAndAllBelow) {
  const auto both = parse_domains(".Example.com");
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[0].str(), "example.com");
  EXPECT_EQ((*both)[1].str(), "*.example.com");
  EXPECT_EQ(parse_domains("a.example.com")->size(), 1U);
  for (const char* text : {".", "..a", ".*.a", "._", ".a..b", ""}) {
    EXPECT_FALSE(parse_domains(text)) << text;
  }
}

}  // namespace
}  // namespace dokku::server
