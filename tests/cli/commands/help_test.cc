#include "fixture.h"

namespace dokku::cli {
namespace {

using Help = CommandsTest;

TEST_F(Help, HelpComesInItsThreeForms) {
  const std::string help = run("help").out;
  EXPECT_EQ(help.substr(0, 18), "Usage: dokku [--qu");
  EXPECT_NE(help.find("\n    apps               Manage apps\n"), std::string::npos) << help;
  FakeSession bare;
  EXPECT_EQ(run_in(bare, {}).out, help);
  const std::string apps = run("apps:help").out;
  EXPECT_EQ(apps.substr(0, 29), "Usage: dokku apps[:COMMAND]\n\n");
  EXPECT_EQ(run("apps", "--help").out, apps);
  EXPECT_EQ(run("help", "apps").out, apps);
  EXPECT_NE(run("help", "--all").out.find("    config:get [--quoted]"), std::string::npos);
  EXPECT_EQ(run("domains").out, run("domains:help").out);
  EXPECT_EQ(run("--version").out, run("version").out);
  EXPECT_EQ(run("version").out.substr(0, 14), "dokku version ");
}

TEST_F(Help, ACommandOfNoTopicHasItsHelpToo) {
  EXPECT_EQ(run("version:help"), run("version", "--help"));
  EXPECT_EQ(run("version:help").out.substr(0, 21), "Usage: dokku version\n");
  EXPECT_EQ(run("url:help").status, 0);
}

TEST_F(Help, HelpForNothingSaysSo) {
  EXPECT_EQ(run("help", "frobnicate"),
            (Outcome{1, "",
                     " !     `frobnicate` is not a dokku command.\n"
                     " !     See `dokku help` for a list of available commands.\n"}));
  EXPECT_NE(run("help", "app").err.find("Did you mean: apps?"), std::string::npos);
  EXPECT_NE(run("help", "postgres").err.find("is not there yet"), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
