#include "cli/commands/usage.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

struct UsageCase {
  const char* name;
  std::string text;
  std::string positionals;
  std::string flags;
  bool repeats;
};

std::ostream& operator<<(std::ostream& to, const UsageCase& row) { return to << row.text; }

class UsageWordsRead : public ::testing::TestWithParam<UsageCase> {};

TEST_P(UsageWordsRead, FindsFlagsAndPlaces) {
  const UsageWords words = read_usage(GetParam().text);
  std::string positionals, flags;
  for (const std::string& each : words.positionals) positionals += each + ";";
  for (const UsageFlag& each : words.flags) {
    flags += each.name + (each.takes_value ? "=" : "");
    for (const std::string& choice : each.choices) flags += choice + ",";
    flags += ";";
  }
  EXPECT_EQ(positionals, GetParam().positionals);
  EXPECT_EQ(flags, GetParam().flags);
  EXPECT_EQ(words.last_repeats, GetParam().repeats);
}

INSTANTIATE_TEST_SUITE_P(
    , UsageWordsRead,
    ::testing::Values(
        UsageCase{"Nothing", "", "", "", false},
        UsageCase{"App", "[--force] <app>", "<app>;", "--force;", false},
        UsageCase{"Choices", "[<app>] [--format stdout|json]", "<app>;", "--format=stdout,json,;",
                  false},
        UsageCase{"TwoNames", "[-p|--ps <type>] <app>", "<app>;", "-p=;--ps=;", false},
        UsageCase{"EitherFlag", "[--no-tty|--force-tty] <app>", "<app>;", "--no-tty;--force-tty;",
                  false},
        UsageCase{"AppOrGlobal", "[--merged] (<app>|--global) <key>", "<app>|--global;<key>;",
                  "--merged;", false},
        UsageCase{"Pairs", "<app> KEY1=VALUE1 [KEY2=VALUE2 ...]", "<app>;KEY1=VALUE1;", "", true},
        UsageCase{"Counts", "<app> [<type>=<count>...]", "<app>;<type>=<count>;", "", true},
        UsageCase{"Domains", "<app> <domain> [<domain> ...]", "<app>;<domain>;", "", true},
        UsageCase{"RestIsAnothers", "<app> [<type>[.<n>] | --container-id <id>] [-- <cmd>]",
                  "<app>;<type>[.<n>] | --container-id <id>;", "", false},
        UsageCase{"Literal", "<app> crt|key", "<app>;crt|key;", "", false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace dokku::cli
