#include <algorithm>

#include "deploy_fixture.h"
#include "server/deploy/health.h"
#include "server/store/properties.h"
#include "server/supervise/instance_id.h"

namespace dokku::server {
namespace {

using ServingTest = DeployFixture;

TEST_F(ServingTest, IsAwaitedAfterTheDaemonsStart) {
  ASSERT_TRUE(push("tree one"));
  halt();
  ASSERT_TRUE(proxy_.remove("blog"));
  listen({.reachable = false});
  boot();
  const CancelToken& cancel = progress_.cancel();
  EXPECT_EQ(deploys_->await_serving(now(), std::chrono::milliseconds(1), cancel).error().code(),
            Errc::timed_out);
  EXPECT_TRUE(route().targets.empty());
  listen({.reachable = true});
  ASSERT_TRUE(deploys_->await_serving(now(), std::chrono::seconds(60), cancel));
  EXPECT_EQ(route().targets.size(), 1U);
}

TEST_F(ServingTest, IsNotAwaitedOfWhatDoesNotStart) {
  const CancelToken& cancel = progress_.cancel();
  EXPECT_TRUE(deploys_->await_serving(now(), std::chrono::seconds(60), cancel));
  ASSERT_TRUE(push("tree one"));
  halt();
  containers_.on_run([](const testing::FakeContainers::Started&) { return 1; });
  ASSERT_TRUE(containers_.end("blog.web.1.r1", 1));
  boot();
  EXPECT_EQ(deploys_->await_serving(now(), std::chrono::seconds(60), cancel).error().code(),
            Errc::unavailable);
  containers_.on_run({});
  ASSERT_TRUE(deploys_->stop(now(), {.by = "alice", .why = "test"}, progress_));
  EXPECT_TRUE(deploys_->await_serving(now(), std::chrono::seconds(60), cancel));
}

// An earlier daemon died between the switch to release 1 and the end of release 9.
TEST_F(ServingTest, WhatWasLeftServesUntilItsRequestsHaveEnded) {
  ASSERT_TRUE(push("tree one"));
  halt();
  runtime::ContainerSpec old = *containers_.spec("blog.web.1.r1");
  old.id = *runtime::ContainerId::parse("blog.web.1.r9");
  old.labels = instance_labels({"blog", "web", 1, 9});
  ASSERT_TRUE(containers_.create(old));
  ASSERT_TRUE(networks_.attach(old.id));
  ASSERT_TRUE(containers_.start(old.id, {}));
  const auto set_patience = [&](const char* seconds) {
    ASSERT_TRUE(store_->write([&](WriteTx& tx) {
      return set_property(tx, app_->id, kChecksWaitToRetire, std::string(seconds));
    }));
  };
  proxy_.set_never_drains(true);
  boot();
  const auto asked = [&] {
    const std::vector<std::string> calls = proxy_.calls();
    return std::count_if(calls.begin(), calls.end(), [](const std::string& call) {
      return call.starts_with("wait_drained 1");
    });
  };
  EXPECT_TRUE(eventually([&] { return asked() >= 3; }));
  EXPECT_EQ(containers_.size(), 2U);
  set_patience("0");
  EXPECT_TRUE(eventually([&] { return containers_.size() == 1; }));
  EXPECT_TRUE(runs_only(1));
}

}  // namespace
}  // namespace dokku::server
