#include "server/deploy/pipeline.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "deploy_fixture.h"
#include "server/store/formation.h"

namespace dokku::server {
namespace {

using ::testing::HasSubstr;

class PipelineTest : public DeployFixture {};

TEST_F(PipelineTest, AFirstPushServesAndSaysWhere) {
  const auto pushed = push("tree one");
  ASSERT_TRUE(pushed) << pushed.error().message();
  ASSERT_TRUE(live());
  EXPECT_EQ(live()->number, 1U);
  EXPECT_EQ(live()->by, "alice");
  EXPECT_EQ(route().hosts, std::vector<std::string>{"blog.test"});
  ASSERT_EQ(route().targets.size(), 1U);
  EXPECT_EQ(route().targets[0].port, 5000);
  EXPECT_EQ(route().targets[0].instance, "blog.web.1");
  EXPECT_THAT(progress_.text(), HasSubstr("=====> Application deployed:\n"
                                          "       http://blog.test\n\n"));
}

TEST_F(PipelineTest, ASecondPushReplacesTheFirstInOneStep) {
  ASSERT_TRUE(push("tree one"));
  const auto before = route().targets;
  ASSERT_TRUE(push("tree two"));
  EXPECT_EQ(live()->number, 2U);
  EXPECT_NE(route().targets, before);
  EXPECT_EQ(route().generation, 2U);
  EXPECT_TRUE(runs_only(2));
}

TEST_F(PipelineTest, APushOfTheSameTreeBuildsAndRestartsNothing) {
  ASSERT_TRUE(push("tree one"));
  const auto calls = containers_.calls();
  FakeProgress again;
  ASSERT_TRUE(push("tree one", again));
  EXPECT_EQ(builder_.requests().size(), 1U);
  EXPECT_EQ(containers_.calls(), calls);
  EXPECT_EQ(live()->number, 2U);
  EXPECT_TRUE(runs_only(1));
  EXPECT_TRUE(again.says("Nothing has changed since release 1"));
  EXPECT_TRUE(again.says("=====> Application deployed:"));
}

TEST_F(PipelineTest, ChangedConfigIsAChange) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return set_config(tx, app_->id, {{"A", "1"}}); }));
  ASSERT_TRUE(push("tree one"));
  EXPECT_EQ(builder_.requests().size(), 2U);
  EXPECT_EQ(builder_.requests()[1].config.at("A"), "1");
}

TEST_F(PipelineTest, AFailedBuildLeavesTheOldReleaseAndNothingElse) {
  ASSERT_TRUE(push("tree one"));
  builder_.fail_next({Errc::invalid_argument, "npm says no"});
  const auto pushed = push("tree two");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(), HasSubstr("npm says no"));
  EXPECT_EQ(live()->number, 1U);
  EXPECT_TRUE(runs_only(1));
  EXPECT_EQ(images_.list("dokku/blog:")->size(), 1U);
  const auto sources = std::filesystem::directory_iterator(instance_.sources_dir() / "blog");
  EXPECT_EQ(std::distance(begin(sources), end(sources)), 1);
}

TEST_F(PipelineTest, AFirstPushThatFailsLeavesAnAppThatWasNeverDeployed) {
  builder_.fail_next({Errc::invalid_argument, "no"});
  EXPECT_FALSE(push("tree one"));
  EXPECT_FALSE(live());
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_EQ(route().key, "");
  ASSERT_TRUE(push("tree one"));
  EXPECT_TRUE(live());
}

TEST_F(PipelineTest, AnAppThatExitsRejectsThePushAndTheOldServesOn) {
  ASSERT_TRUE(push("tree one"));
  const auto before = route();
  containers_.on_run([](const testing::FakeContainers::Started& what) -> std::optional<int> {
    if (what.id.find(".r2") == std::string::npos) return std::nullopt;
    return 1;
  });
  listen({});
  const auto pushed = push("tree two");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(), HasSubstr("web.1 exited with status 1"));
  EXPECT_THAT(pushed.error().message(), HasSubstr("Release 1 serves on"));
  EXPECT_TRUE(progress_.says("Start of blog container output (web.1)"));
  EXPECT_EQ(route(), before);
  EXPECT_TRUE(eventually([&] { return containers_.size() == 1; }));
}

TEST_F(PipelineTest, WhatNothingCanStartDoesNotReplaceWhatRuns) {
  ASSERT_TRUE(push("tree one"));
  builder_.set_processes({});
  const auto pushed = push("tree two");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(), HasSubstr("there is no file Procfile"));
  EXPECT_THAT(pushed.error().message(), HasSubstr("web: COMMAND"));
  EXPECT_EQ(live()->number, 1U);
  EXPECT_TRUE(runs_only(1));
  ASSERT_TRUE(store_->write([&](WriteTx& tx) {
    return save_formation(tx, app_->id, {{"web", 0}});
  }));
  EXPECT_TRUE(push("tree two"));
}

TEST_F(PipelineTest, AnAppOnLoopbackOnlyIsNamedAsSuch) {
  listen({.loopback_only = true});
  const auto pushed = push("tree one");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(), HasSubstr("listens on 127.0.0.1:5000 only"));
  EXPECT_THAT(pushed.error().message(), HasSubstr("0.0.0.0"));
}

TEST_F(PipelineTest, TheReleaseTaskRunsBeforeTheStartAndMayFailIt) {
  builder_.set_processes({{"web", "node server.js"}, {"release", "rake db:migrate"}});
  containers_.on_run([](const testing::FakeContainers::Started& what) -> std::optional<int> {
    if (what.id != "blog.release.1") return std::nullopt;
    auto out = open_file(what.stdio.out, O_WRONLY);
    auto err = open_file(what.stdio.err, O_WRONLY);
    EXPECT_TRUE(write_all(out->get(), "no such table\nhalf a line"));
    return 4;
  });
  const auto pushed = push("tree one");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(),
              HasSubstr("Execution of release task failed: rake db:migrate"));
  EXPECT_THAT(pushed.error().message(), HasSubstr("exited with status 4"));
  EXPECT_TRUE(progress_.says("       no such table\n       half a line\n"));
  EXPECT_TRUE(eventually([&] { return containers_.size() == 0; }));
}

TEST_F(PipelineTest, AClientLostInTheBuildCancelsTheDeploy) {
  ASSERT_TRUE(push("tree one"));
  builder_.close_gate();
  FakeProgress lost;
  std::thread job([&] { EXPECT_FALSE(push("tree two", lost)); });
  ASSERT_TRUE(builder_.await_at_gate());
  lost.interrupt();
  job.join();
  builder_.open_gate();
  EXPECT_EQ(live()->number, 1U);
  EXPECT_TRUE(runs_only(1));
  EXPECT_TRUE(push("tree two"));
}

TEST_F(PipelineTest, AProxyThatIsAwayLearnsTheRoutesLater) {
  proxy_.set_away(true);
  ASSERT_TRUE(push("tree one"));
  EXPECT_TRUE(progress_.says("The proxy is away"));
  proxy_.set_away(false);
  EXPECT_TRUE(eventually([&] { return route().targets.size() == 1; }));
}

TEST_F(PipelineTest, ANameTakenByAnotherGoesBackToWhatServed) {
  ASSERT_TRUE(take_name("blog.test"));
  EXPECT_FALSE(push("tree one"));
  EXPECT_FALSE(live());
  EXPECT_TRUE(eventually([&] { return containers_.size() == 0; }));
}

TEST_F(PipelineTest, FiveReleasesAreKeptWithImageAndSource) {
  for (int i = 1; i <= 8; ++i) ASSERT_TRUE(push("tree " + std::to_string(i)));
  EXPECT_EQ(images_.list("dokku/blog:")->size(), 5U);
  const auto sources = std::filesystem::directory_iterator(instance_.sources_dir() / "blog");
  EXPECT_EQ(std::distance(begin(sources), end(sources)), 5);
}

TEST_F(PipelineTest, ARebuildUsesTheKeptSource) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->rebuild(now(), {.by = "alice", .why = "ps:rebuild"}, progress_));
  ASSERT_EQ(builder_.requests().size(), 2U);
  EXPECT_EQ(builder_.requests()[0].source, builder_.requests()[1].source);
  EXPECT_EQ(live()->number, 2U);
  EXPECT_EQ(live()->revision, "0123456789abcdef0123456789abcdef01234567");
}

}  // namespace
}  // namespace dokku::server
