#include "running_app.h"

namespace dokku::cli {
namespace {

class RunContainersCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
  void push_blog() { push("blog", {{"web", "node server.js"}}); }
  std::string container(const Outcome& outcome) {
    return outcome.out.substr(0, outcome.out.find('\n'));
  }
};

TEST_F(RunContainersCommands, StopEndsThoseOfTheAppOrOne) {
  push_blog();
  const std::string first = container(run("run:detached", "blog", "sleep", "100"));
  const std::string second = container(run("run:detached", "blog", "sleep", "100"));
  EXPECT_EQ(run("run:stop", "--container", first),
            (Outcome{0, "-----> Stopping " + first + "\n", ""}));
  EXPECT_FALSE(containers_.spec(first));
  EXPECT_TRUE(containers_.spec(second));
  EXPECT_EQ(run("run:stop", "--container", first),
            (Outcome{1, "", " !     Container " + first + " is not running\n"}));
  EXPECT_EQ(run("run:stop", "blog"), (Outcome{0, "-----> Stopping " + second + "\n", ""}));
  EXPECT_FALSE(containers_.spec(second));
  EXPECT_TRUE(containers_.spec("blog.web.1.r1"));
}

TEST_F(RunContainersCommands, ContainersAndAppsThatAreNot) {
  const Outcome none = {1, "", " !     No container or app specified\n"};
  EXPECT_EQ(run("run:logs"), none);
  EXPECT_EQ(run("run:stop"), none);
  for (const char* name : {"blog.web.1", "blog", ".run.1", "blog.run.", "blog.run.x", "../run.1"}) {
    const Outcome invalid = {
        1, "", " !     Invalid container name specified: " + std::string(name) + "\n"};
    EXPECT_EQ(run("run:logs", "--container", name), invalid);
    EXPECT_EQ(run("run:stop", "--container", name), invalid);
  }
  EXPECT_EQ(run("run:stop", "--container", "nobody.run.1234").status, 20);
  EXPECT_EQ(run("run:logs", "nobody").status, 20);
  EXPECT_EQ(run("run:retire"), (Outcome{0, "-----> Retiring expired run containers\n", ""}));
}

TEST_F(RunContainersCommands, LogsAreOfRunsAloneAndOutliveThem) {
  push_blog();
  write_log("blog", "web.1", "from web");
  write_log("blog", "run.4711", "from a run");
  write_log("blog", "run.4712", "from another");
  const std::string stamp = "2026-11-21T02:22:57.123456789Z app";
  EXPECT_EQ(run("run:logs", "blog").out,
            stamp + "[run.4711]: from a run\n" + stamp + "[run.4712]: from another\n");
  EXPECT_EQ(run("run:logs", "--container", "blog.run.4712", "-q").out, "from another\n");
  EXPECT_EQ(run("logs", "blog").out, stamp + "[web.1]: from web\n");
}

TEST_F(RunContainersCommands, AQuietListHasNoTitles) {
  push_blog();
  const std::string name = container(run("run:detached", "blog", "sleep", "100"));
  EXPECT_NE(run("run:list", "blog").out.find("\nNAMES "), std::string::npos);
  EXPECT_EQ(run("--quiet", "run:list", "blog").out.substr(0, name.size()), name);
}

}  // namespace
}  // namespace dokku::cli
