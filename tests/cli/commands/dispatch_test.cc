#include <thread>

#include "fixture.h"

namespace dokku::cli {
namespace {

using Engine = CommandsTest;

TEST_F(Engine, UnknownCommandsGetDokkusTwoLinesAndAGuess) {
  EXPECT_EQ(run("frobnicate"),
            (Outcome{1, "",
                     " !     `frobnicate` is not a dokku command.\n"
                     " !     See `dokku help` for a list of available commands.\n"}));
  EXPECT_EQ(run("apps:").status, 1);
  EXPECT_NE(run("app:create", "x").err.find(" !     Did you mean: apps:create?\n"),
            std::string::npos);
  EXPECT_NE(run("apps:craete", "x").err.find("Did you mean: apps:create"), std::string::npos);
}

TEST_F(Engine, EnvironmentStandsForGlobalFlags) {
  must("apps:create", "blog");
  FakeSession quiet;
  quiet.environment_["DOKKU_QUIET_OUTPUT"] = "1";
  EXPECT_EQ(run_in(quiet, {"apps:list"}).out, "blog\n");
  FakeSession named;
  named.environment_["DOKKU_APP_NAME"] = "blog";
  EXPECT_EQ(run_in(named, {"config:set", "A=1"}).status, 0);
  EXPECT_EQ(run("config:get", "blog", "A").out, "1\n");
}

TEST_F(Engine, TheSpaceFormFindsTheVerb) {
  must("apps", "create", "blog");
  must("config", "set", "blog", "A=1");
  EXPECT_EQ(run("config", "get", "blog", "A").out, "1\n");
  must("apps:create", "set");
  EXPECT_EQ(run("config", "set").out, "=====> set env vars\n\n");
}

// Between the look-up of its app and its deed a command may lose the app to another caller.
TEST_F(Engine, AnAppThatIsDestroyedMeanwhileDoesNotExist) {
  must("apps:create", "blog");
  const auto lose_it_then_set = [this](Invocation& call) -> Result<int> {
    const server::App app = TRY(call.platform.apps.find(call.args[0]));
    must("--force", "apps:destroy", "blog");
    TRY(call.platform.config.set({app.id, app.name.str()}, {{"A", "1"}}, {call.who, call.command}));
    return 0;
  };
  registry_.add({"late:set", "<app>", "Sets too late", Access::deployer, lose_it_then_set});
  EXPECT_EQ(run("late:set", "blog"), (Outcome{20, "", " !     App blog does not exist\n"}));
}

TEST_F(Engine, SixteenThreadsOfMixedCommandsLoseNothing) {
  constexpr int kThreads = 16;
  constexpr int kRounds = 12;
  must("domains:set-global", "example.com");
  must("apps:create", "shared");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      const std::string own = "app" + std::to_string(t);
      for (int i = 0; i < kRounds; ++i) {
        const std::string n = std::to_string(t) + "_" + std::to_string(i);
        must("apps:create", own);
        must("config:set", "shared", "K" + n + "=" + n);
        must("domains:add", "shared", "d" + std::to_string(t * 100 + i) + ".example.com");
        must("apps:list");
        EXPECT_EQ(run("config:get", "shared", "K" + n).out, n + "\n");
        FakeSession session;
        EXPECT_EQ(run_in(session, {"--force", "apps:destroy", own}).status, 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(run("apps:list").out, "=====> My Apps\nshared\n");
  const std::string keys = run("config:keys", "shared").out;
  EXPECT_EQ(std::count(keys.begin(), keys.end(), '\n'), kThreads * kRounds);
  const std::string urls = run("urls", "shared").out;
  EXPECT_EQ(std::count(urls.begin(), urls.end(), '\n'), kThreads * kRounds + 1);
}

TEST_F(Engine, AVerbAloneFindsItsTopics) {
  EXPECT_NE(run("scale", "blog", "web=2").err.find("Did you mean: ps:scale?"), std::string::npos);
  EXPECT_NE(run("destroy", "blog").err.find("apps:destroy"), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
