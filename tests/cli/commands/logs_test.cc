#include "running_app.h"

namespace dokku::cli {
namespace {

class LogsCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
};

const std::string kStamp = "2026-11-21T02:22:57.123456789Z app";

TEST_F(LogsCommands, LinesOfAllTypesOrOne) {
  EXPECT_EQ(run("logs", "blog"), (Outcome{1, "", " !     App blog has not been deployed\n"}));
  push("blog", {{"web", "x"}, {"worker", "y"}});
  write_log("blog", "web.1", "one");
  write_log("blog", "web.1", "two");
  write_log("blog", "worker.1", "three");
  EXPECT_EQ(run("logs", "blog").out,
            kStamp + "[web.1]: one\n" + kStamp + "[web.1]: two\n" + kStamp + "[worker.1]: three\n");
  EXPECT_EQ(run("logs", "blog", "-p", "web", "-n", "1").out, kStamp + "[web.1]: two\n");
  EXPECT_EQ(run("logs", "-q", "blog", "--ps", "worker").out, "three\n");
  EXPECT_EQ(run("logs", "blog", "-p", "nothing"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("logs", "blog", "-n", "many").status, 2);
}

TEST_F(LogsCommands, FailedIsOfTheLastDeployAlone) {
  EXPECT_EQ(run("logs:failed", "blog"), (Outcome{0, "", " !     No failed containers found\n"}));
  EXPECT_EQ(run("logs:failed", "--all").err, " !     No failed containers found\n");
  containers_.on_run([](const testing::FakeContainers::Started& started) -> std::optional<int> {
    if (!started.id.starts_with("blog.web")) return std::nullopt;
    return 3;
  });
  push("blog", {{"web", "x"}}, "tree", true);
  EXPECT_EQ(pushed_.status, 1);
  EXPECT_EQ(run("logs:failed", "--all").out, "=====> blog failed deploy logs\n");
  containers_.on_run({});
  push("blog", {{"web", "x"}}, "second");
  EXPECT_EQ(run("logs:failed", "blog").err, " !     No failed containers found\n");
}

TEST_F(LogsCommands, SizesReachTheLoggers) {
  const std::filesystem::path limits = instance_.logs_dir() / "blog" / "limits";
  EXPECT_EQ(run("logs:report", "blog", "--logs-computed-max-size").out, "10m\n");
  EXPECT_EQ(run("logs:set", "blog", "max-size", "20m").out, "=====> Setting max-size to 20m\n");
  EXPECT_EQ(read_file(limits).value_or(""), "20971520 3\n");
  EXPECT_EQ(run("logs:set", "blog", "max-size", "unlimited").status, 0);
  EXPECT_EQ(read_file(limits).value_or(""), "0 3\n");
  EXPECT_EQ(run("logs:set", "blog", "max-size").out, "=====> Unsetting max-size\n");
  EXPECT_FALSE(std::filesystem::exists(limits));
  EXPECT_EQ(run("logs:set", "blog", "max-size", "lots").err,
            " !     Invalid max-size specified\n"
            " !     It is a size (20m, 1g) or unlimited\n");
  must("logs:set", "--global", "max-size", "5m");
  EXPECT_EQ(read_file(limits).value_or(""), "5242880 3\n");
  must("apps:create", "other");
  push("other", {{"web", "x"}});
  EXPECT_EQ(read_file(instance_.logs_dir() / "other" / "limits").value_or(""), "5242880 3\n");
}

TEST_F(LogsCommands, TheBudgetIsTheServers) {
  write_log("blog", "web.1", std::string(5000, 'x'));
  EXPECT_EQ(run("logs:set", "blog", "budget", "1g").err,
            " !     Property can only be specified globally\n");
  EXPECT_EQ(run("logs:set", "--global", "budget", "1k").out, "=====> Setting budget to 1k\n");
  EXPECT_TRUE(std::filesystem::is_empty(instance_.logs_dir() / "blog" / "web.1"));
  EXPECT_EQ(run("logs:report", "--global", "--logs-global-budget").out, "1k\n");
}

TEST_F(LogsCommands, WhatWouldSendThemElsewhereIsNotThereYet) {
  EXPECT_EQ(run("logs:set", "blog", "vector-sink", "console://?encoding=json").err,
            " !     Invalid vector-sink specified\n"
            " !     Logs are not sent elsewhere yet; they are here: dokku logs APP\n");
}

}  // namespace
}  // namespace dokku::cli
