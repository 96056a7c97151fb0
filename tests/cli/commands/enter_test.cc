#include "running_app.h"

namespace dokku::cli {
namespace {

class EnterCommand : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
};

TEST_F(EnterCommand, NeedsSomethingThatRuns) {
  EXPECT_EQ(run("enter", "blog"), (Outcome{1, "", " !     App blog has not been deployed\n"}));
  EXPECT_EQ(run("enter"), (Outcome{20, "",
                                   " !     App  does not exist\n"
                                   " !     Please specify an app to run the command on\n"}));
  push("blog", {{"web", "x"}});
  must("ps:stop", "blog");
  EXPECT_EQ(run("enter", "blog", "web"), (Outcome{1, "", " !     Container is not running\n"}));
}

TEST_F(EnterCommand, TypesAndContainersAreChosen) {
  must("ps:scale", "blog", "worker=1");
  push("blog", {{"web", "x"}, {"worker", "y"}});
  EXPECT_EQ(run("enter", "blog"), (Outcome{1, "",
                                           " !     No container type specified.\n"
                                           " !     Available types for app (blog): web worker\n"}));
  EXPECT_EQ(run("enter", "blog", "cron").err, " !     No containers found for type 'cron'\n");
  EXPECT_EQ(run("enter", "blog", "web.7").err, " !     No containers found for type 'web.7'\n");
  EXPECT_EQ(run("enter", "blog", "--container-id", "other").err,
            " !     Container is not running\n");
  const auto entered = [&](const std::vector<std::string>& words) {
    std::string where;
    containers_.on_run([&](const testing::FakeContainers::Started& started) {
      where = started.id + ":";
      for (const std::string& word : started.args) where += " " + word;
      return std::optional<int>(0);
    });
    FakeSession session;
    run_in(session, words);
    return where;
  };
  EXPECT_EQ(entered({"enter", "blog", "worker", "--", "ls", "-l"}),
            "blog.worker.1.r1: /bin/bash /.dokku/start ls -l");
  EXPECT_EQ(entered({"enter", "blog", "web.1", "ls"}), "blog.web.1.r1: /bin/bash /.dokku/start ls");
  EXPECT_EQ(entered({"enter", "blog", "--container-id", "blog.worker"}),
            "blog.worker.1.r1: /bin/bash /.dokku/start");
}

}  // namespace
}  // namespace dokku::cli
