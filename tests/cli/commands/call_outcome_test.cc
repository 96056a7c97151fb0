#include "fixture.h"

namespace dokku::cli {
namespace {

class CallOutcome : public CommandsTest {
 protected:
  Outcome run_as(const std::string& id, const std::vector<std::string>& words) {
    FakeSession session;
    session.environment_["DOKKU_CALL"] = id;
    return run_in(session, words);
  }
};

TEST_F(CallOutcome, WhatChangedSomethingIsDone) {
  EXPECT_EQ(run_as("c1", {"apps:create", "blog"}).status, 0);
  EXPECT_EQ(run("call-outcome", "c1", "`apps:create blog`"),
            (Outcome{0, "-----> It is back: `apps:create blog` is done as a whole\n", ""}));
}

TEST_F(CallOutcome, WhatChangedNothingIsToBeTypedAgain) {
  EXPECT_EQ(run_as("c1", {"apps:list"}).status, 0);
  EXPECT_EQ(run("call-outcome", "c1", "`apps:list`"),
            (Outcome{1, "",
                     " !     It is back: `apps:list` changed nothing\n"
                     " !     Type it again: dokku apps:list\n"}));
}

TEST_F(CallOutcome, ConfigWithoutItsRestartIsNotDoneAsAWhole) {
  must("apps:create", "blog");
  EXPECT_EQ(run_as("c1", {"config:set", "--no-restart", "blog", "A=1"}).status, 0);
  EXPECT_EQ(run("call-outcome", "c1", "x").status, 0);
  deploy("blog");
  EXPECT_EQ(run_as("c2", {"config:set", "blog", "A=2"}).status, 0);
  EXPECT_EQ(run("call-outcome", "c2", "`config:set blog …`").err,
            " !     It is back: `config:set blog …` was not done as a whole\n"
            " !     Type it again: dokku config:set blog …\n");
}

TEST_F(CallOutcome, APushThatWasNotDoneNamesWhatServes) {
  must("apps:create", "blog");
  EXPECT_EQ(run("call-outcome", "c1", "the push", "git-hook", "blog").err,
            " !     It is back: the push was not done, nothing was deployed\n"
            " !     Type it again: git push\n");
}

TEST_F(CallOutcome, IsForTheClientsOwnUse) {
  EXPECT_EQ(run("call-outcome").status, 1);
  EXPECT_EQ(run("call-outcome", "../../etc/passwd", "x").status, 1);
}

}  // namespace
}  // namespace dokku::cli
