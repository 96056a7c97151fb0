// app.json's predeploy command in whole builds: phases are plain processes (local_box.h).
#include "buildstep/buildpack/predeploy.h"

#include "executor_world.h"

namespace dokku::buildstep {
namespace {

class PredeployTest : public Executor {
 protected:
  void SetUp() override {
    Executor::SetUp();
    app("Procfile", "web: x\n");
    request_.look_at_files = [this](const TreeFiles&) { return Result<TreeWishes>(wishes_); };
  }
  TreeWishes wishes_;
};

TEST_F(PredeployTest, RunsInTheFinishedTreeWithTheAppsEnvironment) {
  wishes_.config["COLOUR"] = "blue";
  wishes_.predeploy =
      "echo $COLOUR $FROM_PACK in $(basename \"$HOME\"); test -f made && echo new > assets";
  pack("compile",
       "mkdir -p $1/.profile.d; echo export FROM_PACK=yes > $1/.profile.d/x.sh; touch $1/made");
  const std::string text = good_build();
  EXPECT_THAT(text, HasSubstr("-----> Checking for predeploy task\n"
                              "       Executing predeploy task from app.json: echo $COLOUR"));
  EXPECT_THAT(text, HasSubstr("=====> Start of blog predeploy task output\n"
                              "       blue yes in tree\n"
                              "=====> End of blog predeploy task output\n"));
}

TEST_F(PredeployTest, WhatItChangesIsPartOfTheImage) {
  const Result<BuildResult> without = build();
  ASSERT_TRUE(without) << without.error().message();
  wishes_.predeploy = "echo assets > assets.txt";
  const Result<BuildResult> with = build();
  ASSERT_TRUE(with) << with.error().message();
  EXPECT_NE(without->image.layers.back().digest, with->image.layers.back().digest);
}

TEST_F(PredeployTest, AFailureEndsTheBuild) {
  wishes_.predeploy = "echo before; false; echo not reached";
  EXPECT_EQ(bad_build(),
            "Execution of predeploy task failed: echo before; false; echo not reached\n"
            "The predeploy task exited with status 1");
  EXPECT_THAT(output_.text, HasSubstr("       before\n"));
  EXPECT_THAT(output_.text, Not(HasSubstr("       not reached\n")));
}

TEST_F(PredeployTest, TheBuildSeesConfigThatCameWithTheTree) {
  wishes_.config["COLOUR"] = "green";
  pack("compile", "echo see $COLOUR $(cat $3/COLOUR)");
  EXPECT_THAT(good_build(), HasSubstr("see green green"));
}

TEST_F(PredeployTest, BuildpacksOfAppJsonComeBeforeTheTreesOwnFile) {
  request_.config.erase("BUILDPACK_URL");
  app(".buildpacks", other_pack("file", "echo of the file"));
  wishes_.buildpacks = {other_pack("json", "echo of app.json")};
  EXPECT_THAT(good_build(), HasSubstr("of app.json"));
  request_.buildpacks = {other_pack("set", "echo as set")};
  EXPECT_THAT(good_build(), HasSubstr("as set"));
}

TEST_F(PredeployTest, AppJsonMayLieElsewhere) {
  request_.app_json = "deploy/app.json";
  app("app.json", "wrong");
  app("deploy/app.json", "right");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->files.at("app.json"), "right");
}

}  // namespace
}  // namespace dokku::buildstep
