#include "server/setup_page/form.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using Fields = std::map<std::string, std::string>;

struct FormCase {
  const char* name;
  std::string body;
  std::optional<Fields> fields;
};

class ParseForm : public testing::TestWithParam<FormCase> {};

TEST_P(ParseForm, FollowsTheUrlStandard) {
  EXPECT_EQ(parse_form(GetParam().body), GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(
    , ParseForm,
    testing::Values(FormCase{"Empty", "", Fields{}},
                    FormCase{"Plain", "way=ip&domain=", Fields{{"way", "ip"}, {"domain", ""}}},
                    FormCase{"Escapes", "keys=ssh-rsa+A%2B%2f%3d%0D%0A",
                             Fields{{"keys", "ssh-rsa A+/=\r\n"}}},
                    FormCase{"EscapedNames", "a%3Db=c%26d", Fields{{"a=b", "c&d"}}},
                    FormCase{"TheFirstOfTwoCounts", "a=1&a=2", Fields{{"a", "1"}}},
                    FormCase{"NoValue", "a&&b=", Fields{{"a", ""}, {"", ""}, {"b", ""}}},
                    FormCase{"SecondEquals", "a=b=c", Fields{{"a", "b=c"}}},
                    FormCase{"CutEscape", "a=%4", std::nullopt},
                    FormCase{"BadEscape", "a=%zz", std::nullopt},
                    FormCase{"ZeroByte", "a=%00", std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace dokku::server
