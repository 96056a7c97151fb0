#include "running_app.h"

namespace dokku::cli {
namespace {

class RunCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
  void push_blog() { push("blog", {{"web", "node server.js"}, {"task", "node task.js"}}); }
  std::string container(const Outcome& outcome) {
    return outcome.out.substr(0, outcome.out.find('\n'));
  }
};

TEST_F(RunCommands, NotDeployed) {
  const Outcome refused = {1, "", " !     App image (dokku/blog:latest) not found\n"};
  EXPECT_EQ(run("run", "blog", "true"), refused);
  EXPECT_EQ(run("run:detached", "blog", "true"), refused);
  EXPECT_EQ(run("run:list", "blog"), (Outcome{0, "=====> blog run containers\n", ""}));
  EXPECT_EQ(run("run:list", "blog", "--format", "json"), (Outcome{0, "[]\n", ""}));
}

TEST_F(RunCommands, DetachedPrintsItsContainerAndIsListed) {
  push_blog();
  const Outcome started = run("run:detached", "-e", "COLOUR=red", "blog", "sh", "-c", "sleep 100");
  ASSERT_EQ(started.status, 0) << started;
  const std::string name = container(started);
  EXPECT_TRUE(name.starts_with("blog.run.")) << name;
  EXPECT_EQ(started.out, name + "\n");
  const auto spec = containers_.spec(name);
  ASSERT_TRUE(spec);
  EXPECT_NE(std::find(spec->env.begin(), spec->env.end(), "COLOUR=red"), spec->env.end());
  EXPECT_NE(std::find(spec->env.begin(), spec->env.end(), "DYNO=" + name.substr(5)),
            spec->env.end());
  const Outcome listed = run("run:list", "blog");
  EXPECT_NE(listed.out.find("=====> blog run containers\nNAMES"), std::string::npos) << listed;
  EXPECT_NE(listed.out.find(name + "  sh -c sleep 100"), std::string::npos) << listed;
  const Outcome json = run("run:list", "--format", "json", "blog");
  EXPECT_NE(json.out.find("\"name\":\"" + name + "\""), std::string::npos) << json;
  EXPECT_NE(json.out.find("\"state\":\"running\""), std::string::npos) << json;
  EXPECT_NE(json.out.find("\"command\":\"sh -c sleep 100\""), std::string::npos) << json;
  EXPECT_EQ(run("run:list", "blog", "--format", "xml").status, 1);
}

TEST_F(RunCommands, AWordOfTheProcfileIsItsCommand) {
  push_blog();
  const Outcome started = run("run:detached", "blog", "task");
  ASSERT_EQ(started.status, 0) << started;
  EXPECT_TRUE(started.out.starts_with("-----> Found 'task' in Procfile, running that command\n"));
  const std::string name = container(run("--quiet", "run:detached", "blog", "task"));
  EXPECT_EQ(containers_.spec(name)->args.back(), "node task.js");
  const std::string more =
      container(run("--quiet", "run:detached", "blog", "task", "two words", "it's $HOME"));
  EXPECT_EQ(containers_.spec(more)->args.back(), R"(node task.js 'two words' 'it'\''s $HOME')");
}

TEST_F(RunCommands, TheRevisionThatProcessesSeeIsShownAsConfig) {
  EXPECT_EQ(run("config:get", "blog", "GIT_REV").status, 1);
  push_blog();
  EXPECT_EQ(run("config:get", "blog", "GIT_REV").out, std::string(40, 'a') + "\n");
  must("git:set", "blog", "rev-env-var", "REVISION");
  EXPECT_EQ(run("config:get", "blog", "GIT_REV").status, 1);
  EXPECT_EQ(run("config:get", "blog", "REVISION").out, std::string(40, 'a') + "\n");
}

TEST_F(RunCommands, ADetachedRunIsAdoptedAndEndsWithItsLife) {
  push_blog();
  const std::string lasting = container(run("run:detached", "blog", "sleep", "100"));
  restart_daemon();
  EXPECT_TRUE(containers_.spec(lasting));
  EXPECT_NE(run("run:list", "blog").out.find(lasting), std::string::npos);
  const std::string brief = container(run("run:detached", "--ttl-seconds", "1", "blog", "sleep"));
  EXPECT_TRUE(eventually([&] { return !containers_.spec(brief); }));
  ASSERT_TRUE(containers_.end(lasting, 0));
  EXPECT_TRUE(eventually([&] { return !containers_.spec(lasting); }));
}

TEST_F(RunCommands, AnEndThatIsNotItsOwnIsExplained) {
  push_blog();
  FakeSession session;
  run_in(session, {"run", "--ttl-seconds", "1", "blog", "sleep", "100"});
  ASSERT_TRUE(session.finishes_later);
  EXPECT_TRUE(eventually([&] { return *session.later_status == 137; }));
  EXPECT_EQ(*session.last_words,
            " !     The command was ended after 1 s\n"
            " !     Let it run longer: dokku run --ttl-seconds 2 blog ...\n");
}

TEST_F(RunCommands, WrongFlags) {
  push_blog();
  EXPECT_EQ(run("run:detached", "--ttl-seconds", "0", "blog", "true").err,
            " !     --ttl-seconds must be at least 1\n");
  EXPECT_EQ(run("run", "-e", "=x", "blog", "true").err, " !     Invalid env pair: =x\n");
  EXPECT_EQ(run("run", "--bogus", "blog", "true").status, 2);
}

}  // namespace
}  // namespace dokku::cli
