#include "server/model/env_file.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

struct EnvCase {
  const char* name;
  std::string text;
  ConfigValues values;
};

class EnvFile : public testing::TestWithParam<EnvCase> {};

TEST_P(EnvFile, ReadsWhatShellsWould) {
  const Result<ConfigValues> values = parse_env_file(GetParam().text);
  ASSERT_TRUE(values) << values.error().message();
  EXPECT_EQ(*values, GetParam().values);
}

INSTANTIATE_TEST_SUITE_P(
    , EnvFile,
    testing::Values(
        EnvCase{"Empty", "", {}},
        EnvCase{"Bare", "A=1\nB=two words \n", {{"A", "1"}, {"B", "two words"}}},
        EnvCase{"Export", "export A=1", {{"A", "1"}}},
        EnvCase{"Comments", "# A=1\n\n  B=2 # cut\nC=a#b\n", {{"B", "2"}, {"C", "a#b"}}},
        EnvCase{"CommentAfterQuotes", "A='x # y' # z\nB=", {{"A", "x # y"}, {"B", ""}}},
        EnvCase{"BlanksAroundEquals", "A = x \nB =\ty z", {{"A", "x"}, {"B", "y z"}}},
        EnvCase{"SingleQuotes", "A='x \"y\" $z\\n\nline two'", {{"A", "x \"y\" $z\\n\nline two"}}},
        EnvCase{"DoubleQuotes", R"(A="a\nb \"c\" \$d \x")", {{"A", "a\nb \"c\" $d \\x"}}},
        EnvCase{"Pieces", "A='it'\\''s'", {{"A", "it's"}}},
        EnvCase{"EmptyValue", "A=\nB=''", {{"A", ""}, {"B", ""}}},
        EnvCase{"Equals", "A=b=c", {{"A", "b=c"}}},
        EnvCase{"Windows", "A=1\r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(EnvFileMistakes, NameTheLineAndNotItsValue) {
  EXPECT_EQ(parse_env_file("A=1\nnonsense\n").error().message(), "line 2: not KEY=VALUE");
  EXPECT_EQ(parse_env_file("A='secret").error().message(), "line 1: a quote without an end");
  EXPECT_EQ(parse_env_file("\n1A=x").error().message(), "line 2: Invalid key name: '1A'");
  EXPECT_FALSE(parse_env_file(std::string("A=\0", 3)));
}

}  // namespace
}  // namespace dokku::server
