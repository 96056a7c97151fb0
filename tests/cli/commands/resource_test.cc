#include "running_app.h"

namespace dokku::cli {
namespace {

class ResourceCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
};

TEST_F(ResourceCommands, SetShowAndClear) {
  EXPECT_EQ(run("resource:limit", "--memory", "100", "--cpu", "0.5", "blog"),
            (Outcome{0,
                     "=====> Setting resource limits for blog\n       cpu: 0.5\n"
                     "       memory: 100\n",
                     ""}));
  EXPECT_EQ(run("resource:reserve", "--process-type", "web", "--memory", "64m", "blog").out,
            "=====> Setting resource reservation for blog (web)\n       memory: 64m\n");
  EXPECT_EQ(run("resource:limit", "blog").out,
            "=====> resource limits blog information [defaults]\n       cpu: 0.5\n"
            "       memory: 100\n       memory-swap: \n       network: \n"
            "       network-ingress: \n       network-egress: \n       nvidia-gpu: \n");
  EXPECT_NE(run("resource:limit", "--process-type", "web", "blog").out.find("[web]"),
            std::string::npos);
  EXPECT_EQ(run("resource:report", "blog", "--resource-_default_.limit.memory").out, "100\n");
  EXPECT_EQ(run("resource:report", "blog", "--resource-web.reserve.memory").out, "64m\n");
  EXPECT_EQ(run("resource:limit", "--memory", "clear", "blog").out,
            "=====> Setting resource limits for blog\n       memory: cleared\n");
  EXPECT_EQ(run("resource:limit-clear", "blog").out, "=====> clearing blog limits\n");
  EXPECT_EQ(run("resource:report", "blog", "--resource-_default_.limit.cpu").err,
            " !     Invalid flag passed, valid flags: --resource-web.reserve.memory\n");
  EXPECT_EQ(run("resource:reserve-clear", "--process-type", "web", "blog").out,
            "=====> clearing blog (web) reservation\n");
}

TEST_F(ResourceCommands, WhatIsWrongOrWithoutEffectIsRefused) {
  const std::string before = dump();
  EXPECT_EQ(run("resource:limit", "--memory", "much", "blog"),
            (Outcome{1, "",
                     " !     Invalid memory limit specified\n"
                     " !     It is a number with b, k, m or g: 512m, 2g\n"}));
  EXPECT_EQ(run("resource:limit", "--network-ingress", "10", "blog").err,
            " !     A limit of network-ingress is not there yet\n");
  EXPECT_EQ(run("resource:limit", "--memory", "100", "--nvidia-gpu", "1", "blog").status, 1);
  EXPECT_EQ(run("resource:reserve", "--process-type", "build", "--memory", "1g", "blog").status, 1);
  EXPECT_EQ(run("resource:limit", "--process-type", "../x", "--memory", "1g", "blog").status, 1);
  EXPECT_EQ(run("resource:limit", "--memory", "1g").err,
            " !     Please specify an app to run the command on\n");
  EXPECT_EQ(dump(), before);
}

TEST_F(ResourceCommands, EachTypeGetsItsOwnAtTheNextStart) {
  must("resource:limit", "--memory", "100m", "--cpu", "2", "blog");
  must("resource:limit", "--process-type", "worker", "--memory", "200m", "--memory-swap", "300m",
       "blog");
  must("resource:reserve", "--process-type", "worker", "--memory", "50m", "--cpu", "1", "blog");
  must("ps:scale", "blog", "worker=1");
  push("blog", {{"web", "node server.js"}, {"worker", "node worker.js"}});
  const runtime::Limits web = containers_.spec("blog.web.1.r1")->limits;
  EXPECT_EQ(web.memory_bytes, 100U << 20);
  EXPECT_EQ(web.memory_swap_bytes, 0U);
  EXPECT_EQ(web.cpu_millis, 2000U);
  const runtime::Limits worker = containers_.spec("blog.worker.1.r1")->limits;
  EXPECT_EQ(worker.memory_bytes, 200U << 20);
  EXPECT_EQ(worker.memory_swap_bytes, 300U << 20);
  EXPECT_EQ(worker.memory_reserve_bytes, 50U << 20);
  EXPECT_EQ(worker.cpu_millis, 2000U);
  EXPECT_EQ(worker.cpu_shares, 1024U);
}

TEST_F(ResourceCommands, BuildsHaveALimitOfTheirOwn) {
  must("resource:limit", "--memory", "100m", "blog");
  push("blog", {{"web", "x"}});
  EXPECT_EQ(builder_.requests().back().limits.memory_bytes, 0U);
  must("resource:limit", "--process-type", "build", "--memory", "2g", "blog");
  push("blog", {{"web", "x"}}, "second");
  EXPECT_EQ(builder_.requests().back().limits.memory_bytes, 2ULL << 30);
}

}  // namespace
}  // namespace dokku::cli
