#include "cli/commands/proxy_logs.h"

#include <fstream>
#include <thread>

#include "running_app.h"

namespace dokku::cli {
namespace {

class ProxyLogs : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
    std::filesystem::create_directories(instance_.proxy_logs_dir);
  }
  void log(const std::string& name, const std::string& lines) {
    std::ofstream(instance_.proxy_logs_dir / name, std::ios::app) << lines;
  }
  bool there(const std::string& name) {
    return std::filesystem::exists(instance_.proxy_logs_dir / name);
  }
};

TEST_F(ProxyLogs, ShowTheLastLinesOfEachKind) {
  log("blog-access.log.1", "older\n");
  log("blog-access.log", "one\ntwo\n");
  log("blog-error.log", "refused\n");
  EXPECT_EQ(run("nginx:access-logs", "blog"), (Outcome{0, "older\none\ntwo\n", ""}));
  EXPECT_EQ(run("nginx:error-logs", "blog"), (Outcome{0, "refused\n", ""}));
  EXPECT_EQ(run("proxy:logs", "-n", "1", "blog"), (Outcome{0, "two\n", ""}));
  must("apps:create", "idle");
  EXPECT_EQ(run("proxy:logs", "idle"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("proxy:logs", "nobody").status, 20);
  EXPECT_EQ(run("nginx:access-logs").err,
            " !     App  does not exist\n"
            " !     Please specify an app to run the command on\n");
}

TEST_F(ProxyLogs, FollowUntilThePersonIsGone) {
  log("blog-access.log", "one\n");
  FakeSession session;
  Outcome outcome;
  std::thread follower([&] { outcome = run_in(session, {"proxy:logs", "-t", "blog"}); });
  log("blog-access.log", "two\n");
  session.cancel_token().cancel();
  follower.join();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(session.complained(), "");
}

TEST_F(ProxyLogs, OneThatIsOffSaysSo) {
  must("nginx:set", "blog", "access-log-path", "off");
  EXPECT_EQ(run("nginx:access-logs", "blog").err,
            " !     The access-log-path of blog is off: nothing is written down\n"
            " !     Switch it on: dokku nginx:set blog access-log-path on\n");
  EXPECT_EQ(run("nginx:error-logs", "blog").status, 0);
}

TEST_F(ProxyLogs, GoWithTheirApp) {
  must("apps:create", "blog-x");
  push("blog", {{"web", "serve"}});
  log("blog-access.log", "mine\n");
  log("blog-error.log.2", "mine\n");
  log("blog-x-access.log", "another's\n");
  must("apps:rename", "blog", "shop");
  EXPECT_FALSE(there("blog-access.log"));
  EXPECT_EQ(run("nginx:access-logs", "shop").out, "mine\n");
  EXPECT_TRUE(there("shop-error.log.2"));
  tear_down("shop");
  EXPECT_FALSE(there("shop-access.log"));
  EXPECT_FALSE(there("shop-error.log.2"));
  EXPECT_TRUE(there("blog-x-access.log"));
}

TEST_F(ProxyLogs, ValidateConfigFindsWhatWentBad) {
  EXPECT_EQ(run("nginx:validate-config", "blog"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("nginx:validate-config"), (Outcome{0, "", ""}));
  const auto app = platform_->apps.find("blog");
  ASSERT_TRUE(platform_->properties.set(app->id, "nginx.send-timeout", "soon"));
  EXPECT_EQ(run("nginx:validate-config").err,
            " !     blog: send-timeout is not a time: 30s, 5m, 1h, or 500ms\n");
  EXPECT_EQ(run("nginx:validate-config", "blog").status, 1);
  EXPECT_EQ(run("nginx:validate-config", "nobody").status, 20);
}

}  // namespace
}  // namespace dokku::cli
