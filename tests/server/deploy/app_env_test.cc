// app.json's env and scripts, through whole pushes.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "deploy_fixture.h"

namespace dokku::server {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class AppEnv : public DeployFixture {
 protected:
  void app_json(const std::string& text) { builder_.set_files({{"app.json", text}}); }
  ConfigValues config() {
    return *store_->read([&](ReadTx& tx) { return config_values(tx, app_->id); });
  }
  void set(const std::string& key, const std::string& value) {
    ASSERT_TRUE(store_->write([&](WriteTx& tx) {
      return set_config(tx, app_->id, {{key, value}});
    }));
  }
  // Tasks end with `status`; which ran is noted.
  void tasks_end_with(int status) {
    containers_.on_run(
        [this, status](const testing::FakeContainers::Started& what) -> std::optional<int> {
          if (what.id.find("release.") == std::string::npos &&
              what.id.find("postdeploy.") == std::string::npos) {
            return std::nullopt;
          }
          auto out = open_file(what.stdio.out, O_WRONLY);
          auto err = open_file(what.stdio.err, O_WRONLY);
          ran_.with([&](std::vector<std::string>& ran) { ran.push_back(what.id); });
          return status;
        });
  }
  std::vector<std::string> ran() {
    return ran_.with([](std::vector<std::string>& all) { return std::exchange(all, {}); });
  }
  Guarded<std::vector<std::string>> ran_;
};

TEST_F(AppEnv, TheFirstDeploySetsWhatIsMissingAndTheBuildSeesIt) {
  set("MINE", "kept");
  app_json(R"({"env": {"MINE": "default", "GREETING": "hi", "KEY": {"generator": "secret"},
                       "MAYBE": {"required": false}}})");
  const auto pushed = push("tree");
  ASSERT_TRUE(pushed) << pushed.error().message();
  EXPECT_TRUE(
      progress_.says("-----> Processing app.json env vars\n"
                     "-----> Setting 2 env var(s) from app.json\n"
                     "       Setting GREETING to the default in app.json\n"
                     "       Setting KEY to a new secret\n"));
  EXPECT_EQ(config().at("MINE"), "kept");
  EXPECT_EQ(config().at("GREETING"), "hi");
  EXPECT_THAT(config().at("KEY"), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(config().count("MAYBE"), 0U);
  EXPECT_EQ(builder_.wishes().config.at("GREETING"), "hi");
  EXPECT_THAT(progress_.text(), Not(HasSubstr(config().at("KEY"))));
  // The processes run with it, and the same tree again is no change.
  EXPECT_EQ(live()->config.app, 2U);
  ASSERT_TRUE(push("tree"));
  EXPECT_EQ(builder_.requests().size(), 1U);
}

TEST_F(AppEnv, ALaterDeploySetsOnlyWhatIsSynced) {
  app_json(R"({"env": {"A": "1", "B": {"value": "1", "sync": true}}})");
  ASSERT_TRUE(push("tree one"));
  set("A", "mine");
  set("B", "mine");
  app_json(R"({"env": {"A": "2", "B": {"value": "2", "sync": true}, "NEW": "x"}})");
  ASSERT_TRUE(push("tree two"));
  EXPECT_EQ(config(), (ConfigValues{{"A", "mine"}, {"B", "2"}}));
}

TEST_F(AppEnv, ARequiredVariableWithoutAValueFailsBeforeTheBuildAndChangesNothing) {
  app_json(R"({"env": {"A": "1", "TOKEN": {"description": "ask"}, "URL": {}}})");
  const auto pushed = push("tree");
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().message(),
            "required env var TOKEN has no value, no default, and no TTY for prompt\n"
            "required env var URL has no value, no default, and no TTY for prompt\n"
            "Set it, then push again: dokku config:set blog TOKEN=VALUE URL=VALUE");
  EXPECT_TRUE(config().empty());
  set("TOKEN", "t");
  set("URL", "u");
  EXPECT_TRUE(push("tree"));
}

TEST_F(AppEnv, BuildpacksAndThePredeployCommandGoToTheBuilder) {
  app_json(R"({"buildpacks": [{"url": "heroku/go"}], "scripts": {"dokku": {"predeploy": "x"}}})");
  ASSERT_TRUE(push("tree"));
  EXPECT_EQ(builder_.wishes().buildpacks, std::vector<std::string>{"heroku/go"});
  EXPECT_EQ(builder_.wishes().predeploy, "x");
}

TEST_F(AppEnv, ScriptsRunWhenTheirTimeHasCome) {
  builder_.set_processes({{"web", "x"}, {"release", "migrate"}});
  app_json(R"({"scripts": {"postdeploy": "seed", "dokku": {"postdeploy": "tell"}}})");
  tasks_end_with(0);
  const auto pushed = push("tree one");
  ASSERT_TRUE(pushed) << pushed.error().message();
  EXPECT_EQ(ran(), (std::vector<std::string>{"blog.release.1", "blog.heroku-postdeploy.1",
                                             "blog.postdeploy.1"}));
  EXPECT_TRUE(progress_.says(
      "       Executing heroku.postdeploy task from app.json in ephemeral container: seed\n"
      "=====> Start of blog heroku.postdeploy task output\n"));
  EXPECT_TRUE(
      progress_.says("-----> Checking for postdeploy task\n"
                     "       Executing postdeploy task from app.json in ephemeral "
                     "container: tell\n"));
  ASSERT_TRUE(push("tree two"));
  EXPECT_EQ(ran(), (std::vector<std::string>{"blog.release.2", "blog.postdeploy.2"}));
}

TEST_F(AppEnv, AFailedFirstPostdeployFailsTheDeployAndRunsAgain) {
  app_json(R"({"scripts": {"postdeploy": "seed"}})");
  tasks_end_with(3);
  const auto pushed = push("tree");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(),
              HasSubstr("Execution of heroku.postdeploy task failed: seed\n"
                        "The heroku.postdeploy task exited with status 3"));
  EXPECT_FALSE(live());
  tasks_end_with(0);
  ran();
  ASSERT_TRUE(push("tree"));
  EXPECT_EQ(ran().size(), 1U);
}

TEST_F(AppEnv, AFailedPostdeployIsSaidAndFailsNothing) {
  app_json(R"({"scripts": {"dokku": {"postdeploy": "tell"}}})");
  tasks_end_with(5);
  ASSERT_TRUE(push("tree"));
  EXPECT_TRUE(
      progress_.says(" !     Execution of postdeploy task failed: tell\n"
                     "The postdeploy task exited with status 5\n"
                     "The new release serves all the same"));
  EXPECT_TRUE(progress_.says("=====> Application deployed:"));
  EXPECT_TRUE(live());
}

TEST_F(AppEnv, ATypeThatIsScaledAndGoneIsSaid) {
  ASSERT_TRUE(
      deploys_->scale(now(), {{"worker", 2}}, false, {.by = "alice", .why = "x"}, progress_));
  ASSERT_TRUE(push("tree"));
  EXPECT_TRUE(
      progress_.says(" !     Skipping worker as it is missing from the current Procfile\n"));
}

TEST_F(AppEnv, WhereTheFormationIsFixedOtherTypesStop) {
  builder_.set_processes({{"web", "x"}, {"worker", "y"}});
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(
      deploys_->scale(now(), {{"worker", 1}}, false, {.by = "alice", .why = "x"}, progress_));
  app_json(R"({"formation": {"web": {"quantity": 2}}})");
  ASSERT_TRUE(push("tree two"));
  const auto report = deploys_->report(now());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->can_scale);
  EXPECT_EQ(report->formation, (Formation{{"web", 2}, {"worker", 0}}));
}

}  // namespace
}  // namespace dokku::server
