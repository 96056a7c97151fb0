#include "cli/commands/properties.h"

#include "cli/commands/reports.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

Result<> note_effect(Invocation& call, const PropertyTarget& target) {
  call.print.line("effect on " + target.name);
  return {};
}

const PropertyTable& go_table() {
  static const PropertyTable kTable{
      .topic = "demo",
      .properties = {{.name = "timeout", .fallback = "30", .parse = number_between(1, 100)},
                     {.name = "policy", .fallback = "always", .scope = Property::Scope::app},
                     {.name = "mail", .scope = Property::Scope::global, .effect = note_effect},
                     {.name = "rev", .fallback = "REV", .keeps_empty = true},
                     {.name = "old", .parse = true_or_false(), .hidden = true}}};
  return kTable;
}

const PropertyTable& bash_table() {
  static const PropertyTable kTable{
      .topic = "shell", .wording = Missing::bash, .properties = {{.name = "x"}}};
  return kTable;
}

class Properties : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    registry_.add(set_command(go_table(), "Set"));
    registry_.add(report_command(
        "demo:report", {.title = "demo", .key_prefix = "demo-", .properties = &go_table()},
        "Show"));
    registry_.add(set_command(bash_table(), "Set"));
    must("apps:create", "blog");
  }
  std::string error(const std::string& words) { return " !     " + words + "\n"; }
};

TEST_F(Properties, SetSaysWhatItDidAndUnsetsByAnEmptyValue) {
  EXPECT_EQ(run("demo:set", "blog", "timeout", "5"),
            (Outcome{0, "=====> Setting timeout to 5\n", ""}));
  EXPECT_EQ(run("demo:report", "blog", "--demo-timeout").out, "5\n");
  EXPECT_EQ(run("demo:set", "blog", "timeout", ""), (Outcome{0, "=====> Unsetting timeout\n", ""}));
  EXPECT_EQ(run("demo:report", "blog", "--demo-timeout").out, "\n");
  EXPECT_EQ(run("--quiet", "demo:set", "blog", "timeout"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("demo:set", "--global", "mail", "a@b").out,
            "=====> Setting mail to a@b\neffect on --global\n");
}

TEST_F(Properties, MistakesAreToldInTheWordsOfTheTopic) {
  const std::string valid = "valid properties include: mail, policy, rev, timeout";
  EXPECT_EQ(run("demo:set"),
            (Outcome{1, "", error("Please specify an app to run the command on")}));
  EXPECT_EQ(run("demo:set", "no", "x"), (Outcome{20, "", error("App no does not exist")}));
  EXPECT_EQ(run("demo:set", "blog"), (Outcome{1, "", error("No property specified")}));
  EXPECT_EQ(run("demo:set", "blog", "y").err, error("Invalid property specified, " + valid));
  EXPECT_EQ(run("demo:set", "--global", "policy", "x").err,
            error("Property cannot be specified globally"));
  EXPECT_EQ(run("demo:set", "blog", "mail", "x").err,
            error("Property can only be specified globally"));
  EXPECT_EQ(run("demo:set", "blog", "timeout", "x").err,
            error("Invalid timeout specified") + error("It is a number between 1 and 100"));
  EXPECT_EQ(run("demo:set", "blog", "policy", "a\nb").err, error("Invalid policy specified"));
  EXPECT_EQ(run("demo:set", "blog", "policy", "a", "b").err, error("Unexpected argument(s): [b]"));
  EXPECT_EQ(run("shell:set").err,
            error("App  does not exist\n !     Please specify an app to run the command on"));
  EXPECT_EQ(run("shell:set", "blog").err, error("No key specified"));
  EXPECT_EQ(run("shell:set", "blog", "y").err,
            error("Invalid key specified, valid keys include: x"));
  EXPECT_EQ(run("demo:report", "blog", "--demo-policy").out, "\n");
  EXPECT_EQ(run("demo:report", "blog", "--demo-computed-policy").out, "always\n");
}

TEST_F(Properties, TheReportShowsWhatIsSetWhereAndWhatCounts) {
  must("demo:set", "--global", "timeout", "60");
  must("demo:set", "blog", "rev", "");
  EXPECT_EQ(run("demo:report", "blog").out,
            "=====> blog demo information\n"
            "       Demo computed mail:            \n"
            "       Demo computed policy:          always\n"
            "       Demo computed rev:             \n"
            "       Demo computed timeout:         60\n"
            "       Demo global mail:              \n"
            "       Demo global rev:               \n"
            "       Demo global timeout:           60\n"
            "       Demo policy:                   \n"
            "       Demo rev:                      \n"
            "       Demo timeout:                  \n");
  EXPECT_EQ(run("demo:report", "--global", "--format", "json").out,
            R"({"computed-mail":"","computed-rev":"REV","computed-timeout":"60",)"
            R"("demo-computed-mail":"","demo-computed-rev":"REV","demo-computed-timeout":"60",)"
            R"("demo-global-mail":"","demo-global-rev":"","demo-global-timeout":"60",)"
            R"("global-mail":"","global-rev":"",)"
            R"("global-timeout":"60"})"
            "\n");
}

}  // namespace
}  // namespace dokku::cli
