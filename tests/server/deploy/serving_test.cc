#include "deploy_fixture.h"

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

}  // namespace
}  // namespace dokku::server
