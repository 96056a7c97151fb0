#include "running_app.h"
#include "tests/fakes/local_server.h"

namespace dokku::cli {
namespace {

class ChecksCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    networks_.use_address("127.0.0.1");
    must("apps:create", "blog");
  }
  // A check of web at `server`.
  static std::string app_json(const testing::LocalServer& server, const std::string& more = "") {
    return R"({"healthchecks": {"web": [{"type": "startup", "name": "up", "path": "/up",
             "attempts": 2, "wait": 0, "timeout": 1, "port": )" +
           std::to_string(server.port()) + more + "}]}}";
  }
  bool says(const std::string& words) {
    return (pushed_.out + pushed_.err).find(words) != std::string::npos;
  }
  std::string report(const char* flag) {
    const std::string value = run("checks:report", "blog", flag).out;
    return value.substr(0, value.find('\n'));
  }
  const std::map<std::string, std::string> processes_ = {{"web", "node server.js"},
                                                         {"worker", "node worker.js"}};
};

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr const char* kNo = "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nno tables";

TEST_F(ChecksCommands, ListsAreKeptApart) {
  EXPECT_EQ(run("checks:disable", "blog"),
            (Outcome{0, "-----> Disabling zero downtime for app (blog)\n", ""}));
  EXPECT_EQ(report("--checks-disabled-list"), "_all_");
  EXPECT_EQ(
      run("checks:skip", "blog", "web,worker"),
      (Outcome{0, "-----> Skipping zero downtime for app's (blog) proctypes (web,worker)\n", ""}));
  EXPECT_EQ(report("--checks-disabled-list"), "none");
  EXPECT_EQ(report("--checks-skipped-list"), "web,worker");
  EXPECT_EQ(run("checks:disable", "blog", "worker").out,
            "-----> Disabling zero downtime for app's (blog) proctypes (worker)\n");
  EXPECT_EQ(report("--checks-disabled-list"), "worker");
  EXPECT_EQ(report("--checks-skipped-list"), "web");
  EXPECT_EQ(run("checks:enable", "blog", "web").out,
            "-----> Enabling zero downtime for app's (blog) proctypes (web)\n");
  EXPECT_EQ(report("--checks-skipped-list"), "none");
  EXPECT_EQ(run("checks:enable", "blog").out, "-----> Enabling zero downtime for app's (blog)\n");
  EXPECT_EQ(report("--checks-disabled-list"), "none");
}

TEST_F(ChecksCommands, TypesKeepTheOrderOfTyping) {
  must("checks:disable", "blog", "web,worker,urgent,mail,web");
  EXPECT_EQ(report("--checks-disabled-list"), "web,worker,urgent,mail");
  must("checks:skip", "blog", "urgent,worker");
  EXPECT_EQ(report("--checks-disabled-list"), "web,mail");
  EXPECT_EQ(report("--checks-skipped-list"), "urgent,worker");
}

TEST_F(ChecksCommands, WrongWordsChangeNothing) {
  const std::string before = dump();
  EXPECT_EQ(run("checks:disable", "blog", "we b").status, 1);
  EXPECT_EQ(run("checks:disable", "blog", "web,").status, 1);
  EXPECT_EQ(run("checks:disable"),
            (Outcome{20, "",
                     " !     App  does not exist\n"
                     " !     Please specify an app to run the command on\n"}));
  EXPECT_EQ(run("checks:set", "blog", "colour", "red").err,
            " !     Invalid key specified, valid keys include: attempts, timeout, wait, "
            "wait-to-retire\n");
  EXPECT_EQ(run("checks:set", "blog", "wait-to-retire", "soon").status, 1);
  EXPECT_EQ(dump(), before);
}

TEST_F(ChecksCommands, WaitToRetireComesInThrees) {
  EXPECT_EQ(report("--checks-computed-wait-to-retire"), "60");
  EXPECT_EQ(run("checks:set", "blog", "wait-to-retire", "5").out,
            "=====> Setting wait-to-retire to 5\n");
  EXPECT_EQ(report("--checks-wait-to-retire"), "5");
  EXPECT_EQ(run("checks:set", "--global", "wait-to-retire", "7").status, 0);
  EXPECT_EQ(report("--checks-global-wait-to-retire"), "7");
  EXPECT_EQ(run("checks:set", "blog", "wait-to-retire").out, "=====> Unsetting wait-to-retire\n");
  EXPECT_EQ(report("--checks-computed-wait-to-retire"), "7");
}

TEST_F(ChecksCommands, APassingCheckIsTold) {
  testing::LocalServer app(kOk);
  builder_.set_files({{"app.json", app_json(app, R"(, "content": "ok")")}});
  push("blog", processes_);
  EXPECT_TRUE(
      says("-----> Executing 1 healthchecks\n       Running healthcheck name='up' "
           "attempts=2 path='/up' port="))
      << pushed_;
  EXPECT_TRUE(
      says("       Healthcheck succeeded name='up'\n"
           "       All checks successful (web.1)\n"))
      << pushed_;
  EXPECT_NE(app.last_request().find("GET /up HTTP/1.1\r\n"), std::string::npos);
}

TEST_F(ChecksCommands, AFailingCheckKeepsTheOldRelease) {
  testing::LocalServer app(kOk);
  builder_.set_files({{"app.json", app_json(app)}});
  push("blog", processes_);
  app.answer_from_now(kNo);
  push("blog", processes_, "another tree", true);
  EXPECT_EQ(pushed_.status, 1);
  EXPECT_TRUE(
      says("Failure in name='up': expected status 200 to 299, got 503 with "
           "\"no tables\""))
      << pushed_;
  EXPECT_TRUE(says("Could not start due to 1 failed checks (web.1)")) << pushed_;
  EXPECT_TRUE(says("failed 2 times")) << pushed_;
  EXPECT_TRUE(says("Release 1 serves on as before")) << pushed_;
  EXPECT_TRUE(says("dokku checks:run blog web.1")) << pushed_;
  EXPECT_TRUE(eventually([&] { return !containers_.spec("blog.web.1.r2"); }));
  EXPECT_TRUE(containers_.spec("blog.web.1.r1"));
  EXPECT_NE(run("logs:failed", "blog").out.find("=====> blog failed deploy logs"),
            std::string::npos);
}

TEST_F(ChecksCommands, AWarningOnlyWarns) {
  testing::LocalServer app(kNo);
  builder_.set_files({{"app.json", app_json(app, R"(, "warn": true)")}});
  push("blog", processes_);
  EXPECT_TRUE(says("Failure in name='up'")) << pushed_;
}

TEST_F(ChecksCommands, SkippedAndDisabledTypesAreNotChecked) {
  testing::LocalServer app(kNo);
  builder_.set_files({{"app.json", app_json(app)}});
  must("checks:skip", "blog", "web");
  push("blog", processes_);
  EXPECT_EQ(app.requests(), 0U);
  must("checks:disable", "blog");
  push("blog", processes_, "second");
  EXPECT_EQ(app.requests(), 0U);
  EXPECT_TRUE(says("-----> Stopping web before it starts again")) << pushed_;
  // The old one was gone before the new one was made.
  const std::vector<std::string> calls = containers_.calls();
  const auto removed = std::find(calls.begin(), calls.end(), "remove blog.web.1.r1");
  const auto created = std::find(calls.begin(), calls.end(), "create blog.web.1.r2");
  EXPECT_LT(removed, created);
  EXPECT_NE(created, calls.end());
}

TEST_F(ChecksCommands, TheFileChecksIsForWeb) {
  testing::LocalServer app(kOk);
  builder_.set_files({{"CHECKS", "WAIT=0\nTIMEOUT=1\nATTEMPTS=1\n/ {{ var \"WORD\" }}\n"}});
  must("config:set", "--no-restart", "blog", "WORD=welcome");
  push("blog", processes_, "tree", true);
  EXPECT_TRUE(says("name='check-1' attempts=1 path='/' port=5000")) << pushed_;
}

TEST_F(ChecksCommands, AnAppJsonThatDoesNotParseEndsTheBuild) {
  builder_.set_files({{"app.json", "{\n  \"a\": nope\n}"}});
  push("blog", processes_, "tree", true);
  EXPECT_EQ(pushed_.status, 1);
  EXPECT_TRUE(says("Cannot parse app.json as jsonc: line 2, column")) << pushed_;
}

TEST_F(ChecksCommands, RunLooksAtWhatRuns) {
  EXPECT_EQ(run("checks:run", "blog"), (Outcome{1, "", " !     App blog has not been deployed\n"}));
  testing::LocalServer app(kOk);
  builder_.set_files({{"app.json", app_json(app)}});
  push("blog", processes_);
  const Outcome good = run("checks:run", "blog", "web");
  EXPECT_EQ(good.status, 0) << good;
  EXPECT_NE(good.out.find("-----> Running pre-flight checks\n"
                          "-----> Running checks for app (blog.web.1)\n"
                          "-----> Executing 1 healthchecks\n"),
            std::string::npos)
      << good;
  app.answer_from_now(kNo);
  const Outcome bad = run("checks:run", "blog", "web.1");
  EXPECT_EQ(bad.status, 1) << bad;
  EXPECT_NE(bad.err.find(" !     1 checks failed\n"), std::string::npos) << bad;
  EXPECT_EQ(run("checks:run", "blog", "x").err, " !     Invalid process type specified (blog.x)\n");
  EXPECT_EQ(run("checks:run", "blog", "web.9").err,
            " !     Invalid container index specified (blog.web.9)\n");
}

TEST_F(ChecksCommands, TheRepositoryCanSayTheCounts) {
  builder_.set_files({{"app.json", R"({"formation": {"worker": {"quantity": 2}}})"}});
  push("blog", processes_);
  EXPECT_TRUE(containers_.spec("blog.worker.2.r1"));
  EXPECT_EQ(run("ps:scale", "blog", "worker=1"),
            (Outcome{1, "-----> Scaling blog processes: worker=1\n",
                     " !     App blog contains an app.json file with a formations key and "
                     "cannot be manually scaled\n"}));
  EXPECT_EQ(run("ps:report", "blog", "--ps-can-scale").out, "false\n");
  builder_.set_files({{"DOKKU_SCALE", "worker=0\nweb=2\n"}});
  push("blog", processes_, "second");
  EXPECT_TRUE(containers_.spec("blog.web.2.r2"));
  EXPECT_FALSE(containers_.spec("blog.worker.1.r2"));
}

}  // namespace
}  // namespace dokku::cli
