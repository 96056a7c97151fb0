#include "running_app.h"

namespace dokku::cli {
namespace {

class AppJsonCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
};

TEST_F(AppJsonCommands, ThePathIsWithinTheRepository) {
  EXPECT_EQ(run("app-json:set", "blog", "appjson-path", "deploy/./app.json"),
            (Outcome{0, "=====> Setting appjson-path to deploy/app.json\n", ""}));
  EXPECT_EQ(run("app-json:set", "blog", "appjson-path", "../app.json").err,
            " !     Invalid appjson-path specified\n !     It is a path within the repository\n");
  EXPECT_EQ(run("app-json:report", "blog").out,
            "=====> blog app-json information\n"
            "       App json appjson path:          deploy/app.json\n"
            "       App json computed appjson path: deploy/app.json\n"
            "       App json global appjson path:   \n");
}

TEST_F(AppJsonCommands, TheBuildIsToldAndAnotherPathIsAChange) {
  push("blog", {{"web", "x"}});
  must("app-json:set", "--global", "appjson-path", "deploy/app.json");
  push("blog", {{"web", "x"}});
  ASSERT_EQ(builder_.requests().size(), 2U);
  EXPECT_EQ(builder_.requests()[0].app_json, "app.json");
  EXPECT_EQ(builder_.requests()[1].app_json, "deploy/app.json");
}

TEST_F(AppJsonCommands, WhatADeploySetsIsInTheHistoryAndWithoutValues) {
  builder_.set_files({{"app.json", R"({"env": {"TOKEN": {"generator": "secret"}}})"}});
  push("blog", {{"web", "x"}});
  EXPECT_EQ(run("config:keys", "blog").out, "TOKEN\n");
  const std::string history = run("config:history", "blog").out;
  EXPECT_NE(history.find("alice"), std::string::npos) << history;
  EXPECT_NE(history.find("app.json"), std::string::npos) << history;
  const std::string secret = run("config:get", "blog", "TOKEN").out;
  EXPECT_EQ(pushed_.out.find(secret.substr(0, 64)), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
