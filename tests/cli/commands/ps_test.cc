#include "running_app.h"

namespace dokku::cli {
namespace {

class PsCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
  void push_blog() {
    must("ps:scale", "blog", "worker=1");
    push("blog", {{"web", "node server.js"}, {"worker", "node worker.js"}});
  }
  std::string report(const char* flag) {
    const std::string value = run("ps:report", "blog", flag).out;
    return value.substr(0, value.find('\n'));
  }
};

TEST_F(PsCommands, NotDeployedIsOnlyAWarning) {
  const Outcome warned = {0, "", " !     App blog has not been deployed\n"};
  for (const char* command : {"ps:restart", "ps:stop", "ps:start"}) {
    EXPECT_EQ(run(command, "blog"), warned) << command;
  }
  EXPECT_EQ(run("ps:inspect", "blog"), (Outcome{0, "[]\n", ""}));
  EXPECT_EQ(run("ps:rebuild", "blog").status, 1);
}

TEST_F(PsCommands, ReportSaysHowItIsTreated) {
  push_blog();
  EXPECT_EQ(report("--deployed"), "true");
  EXPECT_EQ(report("--running"), "true");
  EXPECT_EQ(report("--processes"), "2");
  EXPECT_EQ(report("--restore"), "true");
  EXPECT_EQ(report("--ps-can-scale"), "true");
  EXPECT_EQ(report("--ps-computed-restart-policy"), "on-failure:10");
  EXPECT_EQ(report("--ps-computed-stop-timeout-seconds"), "30");
  EXPECT_EQ(report("--ps-computed-procfile-path"), "Procfile");
  EXPECT_EQ(report("--status-web-1"), "running (CID: blog.web.1.r1)");
}

TEST_F(PsCommands, SetTakesKnownKeysAndValues) {
  EXPECT_EQ(run("ps:set", "blog", "restart-policy", "on-failure:3").out,
            "=====> Setting restart-policy to on-failure:3\n");
  EXPECT_EQ(run("ps:set", "blog", "procfile-path", "deploy/Procfile").status, 0);
  EXPECT_EQ(run("ps:set", "blog", "stop-timeout-seconds", "5").status, 0);
  const std::string before = dump();
  EXPECT_EQ(run("ps:set", "blog", "restart-policy", "sometimes"),
            (Outcome{1, "",
                     " !     Invalid restart-policy specified\n"
                     " !     It is one of: no, always, unless-stopped, on-failure, "
                     "on-failure:N\n"}));
  for (const char* path : {"../x", "/etc/passwd", "a/../../b", "dir/"}) {
    EXPECT_EQ(run("ps:set", "blog", "procfile-path", path).status, 1) << path;
  }
  EXPECT_EQ(run("ps:set", "blog", "colour", "red").err,
            " !     Invalid property specified, valid properties include: "
            "dockerfile-start-cmd, procfile-path, restart-policy, skip-deploy, start-cmd, "
            "stop-timeout-seconds\n");
  EXPECT_EQ(dump(), before);
  EXPECT_EQ(run("ps:set", "blog", "dockerfile-start-cmd", "x"),
            (Outcome{0, "=====> Setting dockerfile-start-cmd to x\n",
                     " !     It counts for apps of a Dockerfile, and packs build every app here\n"
                     " !     For this one: dokku ps:set blog start-cmd \"...\"\n"}));
  EXPECT_EQ(report("--ps-computed-dockerfile-start-cmd"), "x");
  EXPECT_EQ(run("ps:set", "blog", "dockerfile-start-cmd").err, "");
}

TEST_F(PsCommands, SkipDeployWaitsForARestart) {
  must("ps:set", "--global", "skip-deploy", "true");
  EXPECT_EQ(report("--ps-computed-skip-deploy"), "true");
  push_blog();
  EXPECT_NE(pushed_.out.find("-----> Skipping deployment\n"), std::string::npos) << pushed_;
  EXPECT_EQ(report("--deployed"), "false");
  must("ps:restart", "blog");
  EXPECT_EQ(report("--deployed"), "true");
  EXPECT_EQ(report("--running"), "true");
}

TEST_F(PsCommands, RestoreIsReportedAndRespected) {
  push_blog();
  must("ps:set", "blog", "restore", "false");
  EXPECT_EQ(report("--restore"), "false");
  EXPECT_EQ(report("--running"), "true");
  const Outcome set = run("config:set", "blog", "A=1");
  EXPECT_EQ(set.out.find("Restarting"), std::string::npos) << set;
  EXPECT_EQ(run("ps:set", "--global", "restore", "false").status, 1);
  must("ps:set", "blog", "restore");
  EXPECT_EQ(report("--restore"), "true");
}

TEST_F(PsCommands, APolicyThatSaysNoLeavesItDown) {
  must("ps:set", "blog", "restart-policy", "no");
  push_blog();
  ASSERT_TRUE(containers_.end("blog.worker.1.r1", 1));
  EXPECT_TRUE(eventually([&] { return report("--status-worker-1").starts_with("exited"); }));
  EXPECT_EQ(report("--running"), "mixed");
  must("ps:restore", "blog");
  EXPECT_TRUE(eventually([&] { return report("--status-worker-1").starts_with("running"); }));
}

TEST_F(PsCommands, AnExitWithoutFailureIsNoneForOnFailure) {
  must("ps:set", "blog", "restart-policy", "on-failure:2");
  push_blog();
  ASSERT_TRUE(containers_.end("blog.worker.1.r1", 0));
  EXPECT_TRUE(eventually([&] { return report("--status-worker-1").starts_with("exited"); }));
}

TEST_F(PsCommands, RestartOfOneTypeLeavesTheOthers) {
  push_blog();
  const auto calls = [&] {
    std::string all;
    for (const std::string& call : containers_.calls()) all += call + "\n";
    return all;
  };
  const Outcome one = run("ps:restart", "blog", "worker");
  EXPECT_EQ(one.status, 0) << one;
  EXPECT_NE(one.out.find("-----> Starting worker"), std::string::npos) << one;
  EXPECT_NE(calls().find("remove blog.worker.1.r1"), std::string::npos);
  EXPECT_EQ(calls().find("blog.web.1.r2"), std::string::npos);
  EXPECT_EQ(run("ps:restart", "blog", "nothing"),
            (Outcome{1, "",
                     " !     No process type nothing in app blog\n"
                     " !     See them: dokku ps:scale blog\n"}));
  EXPECT_EQ(run("ps:restart", "blog", "web").status, 0);
  EXPECT_NE(calls().find("create blog.web.1.r2"), std::string::npos);
}

TEST_F(PsCommands, TheProcfileAndTheStartCommandAreAsSet) {
  must("ps:set", "blog", "procfile-path", "deploy/Procfile");
  must("ps:set", "blog", "start-cmd", "node other.js");
  push_blog();
  EXPECT_EQ(builder_.requests().back().procfile, "deploy/Procfile");
  EXPECT_EQ(containers_.spec("blog.web.1.r1")->args.back(), "node other.js");
  EXPECT_EQ(containers_.spec("blog.worker.1.r1")->args.back(), "node worker.js");
}

TEST_F(PsCommands, InspectTellsNoValues) {
  must("config:set", "--no-restart", "blog", "SECRET=hunter2");
  push_blog();
  const Outcome seen = run("ps:inspect", "blog");
  EXPECT_NE(seen.out.find("\"name\":\"blog.web.1.r1\""), std::string::npos) << seen;
  EXPECT_NE(seen.out.find("\"state\":\"running\""), std::string::npos) << seen;
  EXPECT_EQ(seen.out.find("hunter2"), std::string::npos);
}

TEST_F(PsCommands, StopKeepsItStoppedUntilStart) {
  push_blog();
  EXPECT_EQ(run("ps:stop", "blog").out, "-----> Stopping blog\n");
  EXPECT_EQ(report("--restore"), "false");
  EXPECT_EQ(report("--running"), "false");
  EXPECT_EQ(run("ps:restore").err,
            " !     Skipping blog: it was stopped by ps:stop\n"
            " !     Start it: dokku ps:start blog\n");
  const Outcome started = run("ps:start", "blog");
  EXPECT_EQ(started.status, 0) << started;
  EXPECT_EQ(started.err, " !     App has been detected as not running, releasing\n");
  EXPECT_EQ(run("ps:start", "blog").err, " !     App blog already running\n");
}

TEST_F(PsCommands, ScaleSaysAndRefusesAsDokku) {
  push_blog();
  EXPECT_EQ(run("ps:scale", "blog").out,
            "-----> Scaling for blog\nproctype: qty\n--------: ---\n"
            "web:  1\nworker: 1\n");
  EXPECT_EQ(run("ps:scale", "blog", "--format", "json").out,
            "[{\"process_type\":\"web\",\"quantity\":1},"
            "{\"process_type\":\"worker\",\"quantity\":1}]\n");
  EXPECT_EQ(run("ps:scale", "blog", "other=1").err,
            " !     other is not a valid process name to scale up\n"
            " !     See those of the Procfile: dokku ps:scale blog\n");
  EXPECT_EQ(run("ps:scale", "blog", "web").err, " !     Missing count for process type web\n");
  EXPECT_EQ(run("ps:scale", "blog", "web=x").err, " !     Invalid count for process type web\n");
  EXPECT_EQ(run("ps:scale", "blog", "web=2").status, 0);
  EXPECT_EQ(report("--processes"), "3");
}

TEST_F(PsCommands, Retire) {
  EXPECT_EQ(run("ps:retire").out,
            "-----> Retiring old containers and images\n"
            "-----> Retiring expired run containers\n");
}

TEST_F(PsCommands, RebuildOfNothingSaysWhatToDo) {
  EXPECT_EQ(run("ps:rebuild", "blog"),
            (Outcome{1,
                     "-----> WARNING: Cannot build from 'master' as there are no commits stored at "
                     "that branch.\n",
                     " !     Nothing was pushed to blog yet\n"
                     " !     Push it: git push dokku main\n"}));
}

TEST_F(PsCommands, RestoreIsAboutWhatWasDeployed) {
  EXPECT_EQ(run("ps:restore"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("ps:restore", "blog"), (Outcome{0, "", " !     App blog has not been deployed\n"}));
}

TEST_F(PsCommands, ScaleTellsOfNewProcessesAlone) {
  containers_.on_run([](const testing::FakeContainers::Started& what) -> std::optional<int> {
    if (what.id != "blog.release.1") return std::nullopt;
    const auto out = open_file(what.stdio.out, O_WRONLY);
    const auto err = open_file(what.stdio.err, O_WRONLY);
    return 0;
  });
  push("blog", {{"web", "x"}, {"worker", "y"}, {"release", "true"}});
  const Outcome scaled = run("ps:scale", "blog", "worker=1");
  EXPECT_EQ(scaled.out.find("All checks successful (web.1)"), std::string::npos) << scaled;
  EXPECT_NE(scaled.out.find("All checks successful (worker.1)"), std::string::npos) << scaled;
  EXPECT_EQ(run("ps:scale", "blog", "web=1").out, "-----> Scaling blog processes: web=1\n");
  EXPECT_EQ(run("ps:scale", "blog", "release=1").err,
            " !     release is not a valid process name to scale up\n"
            " !     See those of the Procfile: dokku ps:scale blog\n");
}

}  // namespace
}  // namespace dokku::cli
