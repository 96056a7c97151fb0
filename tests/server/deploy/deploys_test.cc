#include "server/deploy/deploys.h"

#include <gmock/gmock.h>

#include "deploy_fixture.h"
#include "server/deploy/disk_rules.h"
#include "server/deploy/wanted.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

using ::testing::HasSubstr;

const Actor kAlice{.by = "alice", .why = "test"};

class DeploysTest : public DeployFixture {};

TEST_F(DeploysTest, ASecondPushWaitsAndSaysForWhom) {
  builder_.close_gate();
  std::thread first([&] { EXPECT_TRUE(push("tree one")); });
  ASSERT_TRUE(builder_.await_at_gate());
  FakeProgress refused;
  const auto no_wait = push("tree two", refused, false);
  ASSERT_FALSE(no_wait);
  EXPECT_EQ(no_wait.error().code(), Errc::conflict);
  EXPECT_THAT(no_wait.error().message(), HasSubstr("the deploy of blog by alice"));
  FakeProgress waits;
  std::thread second([&] { EXPECT_TRUE(push("tree two", waits)); });
  EXPECT_TRUE(eventually([&] { return waits.says("Waiting for the deploy of blog by alice"); }));
  builder_.open_gate();
  first.join();
  second.join();
  EXPECT_EQ(live()->number, 2U);
}

TEST_F(DeploysTest, ALockedAppIsNotDeployedButRestarts) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return set_app_locked(tx, app_->id, true); }));
  for (const Result<>& refused : {push("tree two"), deploys_->rebuild(now(), kAlice, progress_),
                                  deploys_->rollback(now(), 1, kAlice, progress_)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(),
              "blog currently has a deploy lock in place. Exiting...\n"
              "Run 'apps:unlock' to release the existing deploy lock");
  }
  EXPECT_EQ(live()->number, 1U);
  EXPECT_TRUE(deploys_->restart(now(), kAlice, progress_));
}

TEST_F(DeploysTest, APushThatWaitsWhileItsAppIsDestroyedFindsNone) {
  builder_.close_gate();
  std::thread first([&] { EXPECT_TRUE(push("tree one")); });
  ASSERT_TRUE(builder_.await_at_gate());
  FakeProgress destroys;
  std::thread destroyer([&] { EXPECT_TRUE(deploys_->tear_down(*app_, kAlice, destroys)); });
  EXPECT_TRUE(eventually([&] { return destroys.says("Waiting for the deploy of blog"); }));
  FakeProgress waits;
  std::thread second([&] {
    const auto pushed = push("tree two", waits);
    ASSERT_FALSE(pushed);
    EXPECT_EQ(pushed.error().code(), Errc::not_found);
  });
  EXPECT_TRUE(eventually([&] { return waits.says("Waiting for"); }));
  builder_.open_gate();
  first.join();
  destroyer.join();
  second.join();
  EXPECT_TRUE(store_->read([](ReadTx& tx) { return list_apps(tx); })->empty());
  EXPECT_TRUE(executor_->instances("blog").empty());
  EXPECT_TRUE(images_.list("dokku/blog:")->empty());
  EXPECT_FALSE(std::filesystem::exists(instance_.sources_dir() / "blog"));
}

TEST_F(DeploysTest, AnOwnPortThatAStrangerTookIsChosenAgain) {
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return set_app_own_port(tx, app_->id, 20000); }));
  proxy_.take_ports({20000, 20001});
  ASSERT_TRUE(push("tree one"));
  EXPECT_EQ(route().listeners.at(0).port, 20002);
  EXPECT_EQ(now().own_port, 20002);
  EXPECT_TRUE(progress_.says("Port 20000 is used by another program; blog gets port 20001"));
}

TEST_F(DeploysTest, TheRevisionIsInTheVariableThatGitSetNames) {
  const auto pushed_with = [&](const std::string& name, const std::string& tree) {
    EXPECT_TRUE(store_->write(
        [&](WriteTx& tx) { return set_property(tx, app_->id, "git.rev-env-var", name); }));
    EXPECT_TRUE(push(tree));
    std::string all;
    const std::string container = "blog.web.1.r" + std::to_string(live()->number);
    const auto spec = containers_.spec(container);
    for (const std::string& line : spec->env) all += line + "\n";
    return all;
  };
  EXPECT_THAT(pushed_with("COMMIT", "tree one"), HasSubstr("COMMIT=0123456789abcdef"));
  EXPECT_THAT(pushed_with("", "tree two"), ::testing::Not(HasSubstr("0123456789abcdef")));
}

TEST_F(DeploysTest, WhoStopsWaitingLeavesTheQueue) {
  builder_.close_gate();
  std::thread first([&] { EXPECT_TRUE(push("tree one")); });
  ASSERT_TRUE(builder_.await_at_gate());
  FakeProgress waits;
  std::thread second([&] { EXPECT_FALSE(push("tree two", waits)); });
  EXPECT_TRUE(eventually([&] { return waits.says("Waiting"); }));
  waits.interrupt();
  second.join();
  builder_.open_gate();
  first.join();
  EXPECT_TRUE(push("tree three"));
}

TEST_F(DeploysTest, RestartMakesNewProcessesOfTheSameImage) {
  ASSERT_TRUE(push("tree one"));
  const auto image = live()->image_ref;
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return set_config(tx, app_->id, {{"A", "1"}}); }));
  ASSERT_TRUE(deploys_->restart(now(), kAlice, progress_));
  EXPECT_EQ(live()->number, 2U);
  EXPECT_EQ(live()->image_ref, image);
  EXPECT_TRUE(runs_only(2));
  const auto env = containers_.spec("blog.web.1.r2")->env;
  EXPECT_NE(std::find(env.begin(), env.end(), "A=1"), env.end());
}

TEST_F(DeploysTest, RestartOfAnAppThatWasNeverDeployedIsAConflict) {
  const auto restarted = deploys_->restart(now(), kAlice, progress_);
  ASSERT_FALSE(restarted);
  EXPECT_EQ(restarted.error().message(), "App blog has not been deployed");
}

TEST_F(DeploysTest, ScalingUpAddsTargetsAndScalingDownTakesThemFirst) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->scale(now(), {{"web", 3}}, false, kAlice, progress_));
  EXPECT_EQ(route().targets.size(), 3U);
  ASSERT_TRUE(deploys_->scale(now(), {{"web", 1}}, false, kAlice, progress_));
  EXPECT_EQ(route().targets.size(), 1U);
  EXPECT_TRUE(eventually([&] { return containers_.size() == 1; }));
  EXPECT_TRUE(runs_only(1));
}

TEST_F(DeploysTest, ScalingUpWaitsForOneThatStillEnds) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->scale(now(), {{"web", 2}}, false, kAlice, progress_));
  containers_.ignore_sigterm("blog.web.2");
  ASSERT_TRUE(deploys_->scale(now(), {{"web", 1}}, false, kAlice, progress_));
  std::thread scaling([&] {
    EXPECT_TRUE(deploys_->scale(now(), {{"web", 2}}, false, kAlice, progress_));
  });
  ASSERT_TRUE(eventually([&] { return containers_.end("blog.web.2.r1", 0); }));
  scaling.join();
  EXPECT_EQ(route().targets.size(), 2U);
}

TEST_F(DeploysTest, ScalingAnUnknownTypeIsRefused) {
  ASSERT_TRUE(push("tree one"));
  const auto scaled = deploys_->scale(now(), {{"worker", 1}}, false, kAlice, progress_);
  ASSERT_FALSE(scaled);
  EXPECT_EQ(scaled.error().message(),
            "worker is not a valid process name to scale up\n"
            "See those of the Procfile: dokku ps:scale blog");
}

TEST_F(DeploysTest, AStoppedAppStaysStoppedOverARestartOfTheDaemon) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->stop(now(), kAlice, progress_));
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_TRUE(route().targets.empty());
  EXPECT_EQ(route().hosts.size(), 1U);
  boot();
  EXPECT_TRUE(executor_->instances("").empty());
  ASSERT_TRUE(deploys_->deploy_newest(now(), kAlice, progress_));
  EXPECT_FALSE(now().stopped);
  EXPECT_EQ(route().targets.size(), 1U);
}

// --- ps:set skip-deploy, restore

class SkippedDeploysTest : public DeployFixture {
 protected:
  void set(const char* name, const char* value) {
    ASSERT_TRUE(
        store_->write([&](WriteTx& tx) { return set_property(tx, app_->id, name, value); }));
  }
  std::optional<Release> waiting() {
    return *store_->read([&](ReadTx& tx) { return waiting_release(tx, app_->id); });
  }
};

TEST_F(SkippedDeploysTest, APushBuildsAndDeploysNothing) {
  ASSERT_TRUE(push("tree one"));
  set(kSkipDeploy, "true");
  ASSERT_TRUE(push("tree two"));
  EXPECT_TRUE(
      progress_.says("-----> Skipping deployment\n"
                     "       Release 2 is built. Deploy it: dokku ps:restart blog"));
  EXPECT_EQ(live()->number, 1U);
  EXPECT_TRUE(runs_only(1));
  ASSERT_TRUE(waiting());
  EXPECT_EQ(waiting()->number, 2U);
  ASSERT_TRUE(deploys_->deploy_newest(now(), kAlice, progress_));
  EXPECT_EQ(live()->image_ref, "dokku/blog:r2");
  EXPECT_TRUE(runs_only(3));
  EXPECT_FALSE(waiting());
}

TEST_F(SkippedDeploysTest, TheFirstPushToo) {
  set(kSkipDeploy, "true");
  EXPECT_FALSE(*deploys_->can_start(now()));
  ASSERT_TRUE(push("tree one"));
  EXPECT_FALSE(live());
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_TRUE(*deploys_->can_start(now()));
  EXPECT_EQ(deploys_->one_off(now())->image.str(), "dokku/blog:r1");
  ASSERT_TRUE(deploys_->deploy_newest(now(), kAlice, progress_));
  EXPECT_EQ(live()->image_ref, "dokku/blog:r1");
}

TEST_F(SkippedDeploysTest, ARestartOfWhatIsLiveLeavesItWaiting) {
  ASSERT_TRUE(push("tree one"));
  set(kSkipDeploy, "true");
  ASSERT_TRUE(push("tree two"));
  ASSERT_TRUE(deploys_->restart(now(), kAlice, progress_));
  EXPECT_EQ(live()->image_ref, "dokku/blog:r1");
  boot();
  ASSERT_TRUE(waiting());
  EXPECT_EQ(waiting()->number, 2U);
}

TEST_F(SkippedDeploysTest, ItsImageIsKeptAndOneThatFailsMayBeTriedAgain) {
  ASSERT_TRUE(push("tree one"));
  set(kSkipDeploy, "true");
  set(kReleasesKept, "1");
  ASSERT_TRUE(push("tree two"));
  containers_.on_run([](const testing::FakeContainers::Started&) { return 1; });
  EXPECT_FALSE(deploys_->deploy_newest(now(), kAlice, progress_));
  containers_.on_run({});
  deploys_->clean_up();
  ASSERT_TRUE(waiting());
  EXPECT_TRUE(images_.inspect(*runtime::ImageRef::parse("dokku/blog:r2")));
  ASSERT_TRUE(deploys_->deploy_newest(now(), kAlice, progress_));
  EXPECT_EQ(live()->image_ref, "dokku/blog:r2");
}

TEST_F(SkippedDeploysTest, OneWhoseNameIsTakenWaitsOn) {
  set(kSkipDeploy, "true");
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(take_name("blog.test"));
  EXPECT_FALSE(deploys_->deploy_newest(now(), kAlice, progress_));
  EXPECT_FALSE(live());
  ASSERT_TRUE(waiting());
  EXPECT_EQ(waiting()->number, 1U);
}

TEST_F(SkippedDeploysTest, ARollbackForgetsWhatWaits) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(push("tree two"));
  set(kSkipDeploy, "true");
  ASSERT_TRUE(push("tree three"));
  ASSERT_TRUE(deploys_->rollback(now(), 1, kAlice, progress_));
  EXPECT_FALSE(waiting());
}

TEST_F(SkippedDeploysTest, OneThatIsNotRestoredStaysDownAfterAReboot) {
  ASSERT_TRUE(push("tree one"));
  set(kRestore, "false");
  boot();
  EXPECT_TRUE(runs_only(1));  // nothing ended: the daemon alone was restarted
  halt();
  ASSERT_TRUE(containers_.end("blog.web.1.r1", 137));
  boot();
  EXPECT_TRUE(eventually([&] { return containers_.size() == 0; }));
  EXPECT_TRUE(eventually([&] { return executor_->instances("").empty(); }));
  ASSERT_TRUE(deploys_->deploy_newest(now(), kAlice, progress_));
  EXPECT_EQ(route().targets.size(), 1U);
}

TEST_F(DeploysTest, APushStartsAStoppedApp) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->stop(now(), kAlice, progress_));
  ASSERT_TRUE(push("tree one"));
  EXPECT_EQ(route().targets.size(), 1U);
}

TEST_F(DeploysTest, TearingDownLeavesNothing) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->tear_down(now(), kAlice, progress_));
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_EQ(networks_.size(), 0U);
  EXPECT_TRUE(proxy_.list()->empty());
  EXPECT_TRUE(images_.list("dokku/")->empty());
  EXPECT_FALSE(std::filesystem::exists(instance_.sources_dir() / "blog"));
  EXPECT_TRUE(store_->read([](ReadTx& tx) { return list_apps(tx); })->empty());
}

TEST_F(DeploysTest, DestroyingDuringADeployWaits) {
  builder_.close_gate();
  std::thread deploy([&] { EXPECT_TRUE(push("tree one")); });
  ASSERT_TRUE(builder_.await_at_gate());
  FakeProgress waits;
  std::thread destroy([&] { EXPECT_TRUE(deploys_->tear_down(now(), kAlice, waits)); });
  EXPECT_TRUE(eventually([&] { return waits.says("Waiting for the deploy of blog"); }));
  builder_.open_gate();
  deploy.join();
  destroy.join();
  EXPECT_EQ(containers_.size(), 0U);
}

TEST_F(DeploysTest, AnotherDaemonAdoptsAndRoutesWhatRuns) {
  ASSERT_TRUE(push("tree one"));
  const auto before = route();
  const pid_t pid = executor_->instances("blog").at(0).pid;
  boot();
  EXPECT_TRUE(runs_only(1));
  EXPECT_EQ(executor_->instances("blog").at(0).pid, pid);
  EXPECT_EQ(route(), before);
}

TEST_F(DeploysTest, ADaemonThatDiedInADeployIsCleanedUpAfter) {
  ASSERT_TRUE(push("tree one"));
  const auto image = images_.list("dokku/blog:")->at(0);
  ASSERT_TRUE(images_.tag(image, *runtime::ImageRef::parse("dokku/blog:r2")));
  ASSERT_TRUE(images_.tag(image, *runtime::ImageRef::parse("dokku/gone:r7")));
  ASSERT_TRUE(store_->write([&](WriteTx& tx) {
    return add_release(tx, app_->id, Release{.state = ReleaseState::building});
  }));
  std::filesystem::create_directories(instance_.sources_dir() / "gone");
  boot();
  EXPECT_TRUE(eventually([&] { return images_.list("dokku/")->size() == 1; }));
  EXPECT_TRUE(
      eventually([&] { return !std::filesystem::exists(instance_.sources_dir() / "gone"); }));
  EXPECT_TRUE(push("tree two"));
}

TEST_F(DeploysTest, ALockedAppRefusesAPush) {
  ASSERT_TRUE(store_->write([&](WriteTx& tx) { return set_app_locked(tx, app_->id, true); }));
  const auto pushed = push("tree one");
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message(), HasSubstr("currently has a deploy lock in place"));
}

TEST_F(DeploysTest, AnInstanceThatEndsLeavesTheRoutesUntilItIsBack) {
  ASSERT_TRUE(push("tree one"));
  ASSERT_TRUE(deploys_->scale(now(), {{"web", 2}}, false, kAlice, progress_));
  listen({});
  ASSERT_TRUE(containers_.end("blog.web.2.r1", 1));
  EXPECT_TRUE(eventually([&] { return route().targets.size() == 1; }));
  listen({.reachable = true});
  EXPECT_TRUE(eventually([&] { return route().targets.size() == 2; }));
}

}  // namespace
}  // namespace dokku::server
