#include "cli/commands/flags.h"

#include "fixture.h"

namespace dokku::cli {
namespace {

using Flags = CommandsTest;

TEST_F(Flags, UnknownFlagsPrintUsageAndEndWithTwo) {
  EXPECT_EQ(run("apps:list", "--quiet"),
            (Outcome{2, "",
                     "unknown flag: --quiet\nUsage of apps:list:\n"
                     "      --format string   output format: [ stdout | json ]\n"}));
  EXPECT_EQ(run("apps:destroy", "-x", "app").err.substr(0, 36),
            "unknown shorthand flag: 'x' in -x\nUs");
  EXPECT_EQ(run("apps:list", "--format").status, 2);
}

Command command_of(Grammar grammar) {
  return {.name = "x",
          .arguments = "",
          .description = "",
          .run = {},
          .flags = {{"tail", 't', Flag::Kind::boolean, ""},
                    {"num", 'n', Flag::Kind::number, ""},
                    {"env", 'e', Flag::Kind::list, ""}},
          .grammar = grammar};
}

TEST(ParseWords, ReadsFlagsBeforeAndAfterArguments) {
  const Result<ParsedWords> words =
      parse_words(command_of(Grammar::flags),
                  {"-tn5", "app", "--env=A=1", "-e", "B=2", "--num", "7", "--", "--tail", "-x"});
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(words->args, (std::vector<std::string>{"app", "--tail", "-x"}));
  EXPECT_TRUE(words->options.has("tail"));
  EXPECT_EQ(words->options.number("num", 0), 7);
  EXPECT_EQ(words->options.list("env"), (std::vector<std::string>{"A=1", "B=2"}));
}

TEST(ParseWords, LeadingFlagsEndAtTheFirstArgument) {
  const Result<ParsedWords> words =
      parse_words(command_of(Grammar::flags_lead), {"-t", "app", "ls", "-n", "--", "-t"});
  ASSERT_TRUE(words);
  EXPECT_EQ(words->args, (std::vector<std::string>{"app", "ls", "-n", "--", "-t"}));
}

TEST(ParseWords, WordsAreLeftAlone) {
  const Result<ParsedWords> words = parse_words(command_of(Grammar::words), {"--tail", "--", "-n"});
  ASSERT_TRUE(words);
  EXPECT_EQ(words->args, (std::vector<std::string>{"--tail", "--", "-n"}));
}

TEST(ParseWords, MistakesAreNamed) {
  const auto mistake = [](std::vector<std::string> words) {
    const Result<ParsedWords> parsed = parse_words(command_of(Grammar::flags), words);
    return parsed ? std::string("none") : parsed.error().message();
  };
  EXPECT_EQ(mistake({"--bogus=1"}), "unknown flag: --bogus");
  EXPECT_EQ(mistake({"-tx"}), "unknown shorthand flag: 'x' in -tx");
  EXPECT_EQ(mistake({"--num"}), "flag needs an argument: --num");
  EXPECT_EQ(mistake({"-n"}), "flag needs an argument: 'n' in -n");
  EXPECT_EQ(mistake({"--num", "many"}), "invalid argument \"many\" for \"--num\" flag");
  EXPECT_EQ(mistake({"--tail=perhaps"}), "invalid argument \"perhaps\" for \"--tail\" flag");
  EXPECT_EQ(mistake({"-n", "-5"}), "none");
  EXPECT_EQ(mistake({"--tail=false"}), "none");
  EXPECT_EQ(mistake({"-"}), "none");
}

}  // namespace
}  // namespace dokku::cli
