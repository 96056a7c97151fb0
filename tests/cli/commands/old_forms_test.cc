#include "fixture.h"

namespace dokku::cli {
namespace {

using OldForms = CommandsTest;

TEST_F(OldForms, DoWhatTodaysCommandDoes) {
  must("apps:create", "blog");
  EXPECT_EQ(run("domains", "blog"), run("domains:report", "blog"));
  EXPECT_EQ(run("ps", "blog"), run("ps:report", "blog"));
  EXPECT_EQ(run("ps", "nobody").status, 20);
  EXPECT_EQ(run("deploy:all"), run("ps:restart", "--all"));
  EXPECT_EQ(run("ps:restartall"), run("ps:restart", "--all"));
  EXPECT_EQ(run("ps:rebuildall"), run("ps:rebuild", "--all"));
  EXPECT_EQ(run("rebuild:all"), run("ps:rebuild", "--all"));
}

TEST_F(OldForms, BareTopicsAreHelpAsToday) {
  EXPECT_EQ(run("ps"), run("ps:help"));
  EXPECT_EQ(run("domains"), run("domains:help"));
}

TEST_F(OldForms, DoNotStandInTheWayOfTheFormWithABlank) {
  must("apps:create", "blog");
  EXPECT_EQ(run("ps", "report"), run("ps:report"));
  EXPECT_EQ(run("domains", "report", "blog"), run("domains:report", "blog"));
}

TEST_F(OldForms, WhatIsGoneSaysWhatToTypeToday) {
  EXPECT_EQ(run("release", "blog"),
            (Outcome{1, "",
                     " !     release is a part of every push today\n"
                     " !     With the config as it is now: dokku ps:restart APP\n"}));
  for (const char* name : {"build", "receive", "plugins", "plugins-install", "postgresql:create"}) {
    const Outcome outcome = run(name, "blog");
    EXPECT_EQ(outcome.status, 1) << name;
    EXPECT_EQ(outcome.err.find("is not a dokku command"), std::string::npos) << name;
  }
}

TEST_F(OldForms, CleanupIsStillThere) {
  EXPECT_EQ(run("cleanup").status, 0);
  EXPECT_EQ(run("cleanup", "nobody").status, 20);
}

TEST_F(OldForms, FlagOf2014IsTakenAndMeansNothing) {
  must("apps:create", "blog");
  EXPECT_EQ(run("--rm-container", "apps:list"), run("apps:list"));
  EXPECT_EQ(run("--rm", "--quiet", "apps:list").out, "blog\n");
}

TEST_F(OldForms, AreNotInTheHelp) {
  const std::string all = run("help", "--all").out;
  for (const char* name : {"deploy:all", "ps:restartall", "receive", "plugins"}) {
    EXPECT_EQ(all.find(std::string("    ") + name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace dokku::cli
