#include "server/supervise/supervision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using Action = Supervision::Action;
using State = InstanceSeen::State;

const InstanceKey kWeb{"blog", "web", 1, 1};

ReleaseWanted release(std::uint64_t number, unsigned web, unsigned worker = 0) {
  ReleaseWanted out{.app = "blog", .release = number, .image = *runtime::ImageRef::parse("blog")};
  out.processes.push_back({.type = "web", .count = web, .readiness = Readiness::listens});
  out.processes.push_back({.type = "worker", .count = worker});
  return out;
}

class SupervisionTest : public ::testing::Test {
 protected:
  // The next action, which must be of this kind.
  Action take(Action::Kind kind) {
    machine_.tick();
    for (Action& action : machine_.take_actions()) pending_.push_back(action);
    if (pending_.empty()) {
      ADD_FAILURE() << "nothing to do";
      return {};
    }
    Action action = pending_.front();
    pending_.erase(pending_.begin());
    EXPECT_EQ(action.kind, kind);
    return action;
  }
  bool idle() {
    machine_.tick();
    for (Action& action : machine_.take_actions()) pending_.push_back(action);
    return pending_.empty();
  }
  void launch_ok() {
    const Action action = take(Action::Kind::launch);
    machine_.launched(action.key, Supervision::Launched{100, "10.83.0.7"});
  }
  void probe(const Listening& listening) {
    clock_.advance(250ms);
    const Action action = take(Action::Kind::probe);
    machine_.probed(action.key, listening);
  }
  void bring_up() {
    machine_.listed({});
    machine_.want(release(1, 1));
    launch_ok();
    probe({.reachable = true});
  }
  // The container's init has ended.
  void end(int status) {
    machine_.disturbed(kWeb);
    const Action action = take(Action::Kind::look);
    runtime::Seen seen{.id = instance_container(action.key)};
    seen.state = runtime::Seen::State::stopped;
    seen.exit = runtime::Exit{.status = status};
    machine_.looked(action.key, seen);
  }
  InstanceSeen only() {
    const auto all = machine_.seen("blog");
    EXPECT_EQ(all.size(), 1U);
    return all.at(0);
  }

  testing::FakeClock clock_;
  Supervision machine_{clock_};
  std::vector<Action> pending_;
};

TEST_F(SupervisionTest, AWebProcessIsReadyWhenItListens) {
  machine_.listed({});
  machine_.want(release(1, 1));
  launch_ok();
  probe({});
  EXPECT_EQ(only().state, State::starting);
  probe({.reachable = true});
  EXPECT_EQ(only().state, State::ready);
  EXPECT_EQ(only().address, "10.83.0.7");
  EXPECT_EQ(machine_.next_timer(), std::nullopt);
}

TEST_F(SupervisionTest, AWorkerIsReadyWhenItHasRunForASecond) {
  machine_.listed({});
  machine_.want(release(1, 0, 1));
  launch_ok();
  EXPECT_TRUE(idle());
  EXPECT_EQ(only().state, State::starting);
  clock_.advance(1s);
  EXPECT_TRUE(idle());
  EXPECT_EQ(only().state, State::ready);
}

TEST_F(SupervisionTest, AnEndedProcessIsStartedAgainWithGrowingPauses) {
  bring_up();
  for (const Duration pause : {100ms, 200ms, 400ms}) {
    end(1);
    EXPECT_EQ(only().state, State::waiting);
    EXPECT_EQ(only().failure->explanation, "web.1 exited with status 1");
    clock_.advance(pause - 1ms);
    EXPECT_TRUE(idle());
    clock_.advance(1ms);
    launch_ok();
    probe({.reachable = true});
  }
  EXPECT_EQ(only().restarts, 3U);
}

TEST_F(SupervisionTest, ThePauseIsShortAgainAfterAMinuteOfRunning) {
  bring_up();
  end(1);
  clock_.advance(100ms);
  launch_ok();
  probe({.reachable = true});
  clock_.advance(60s);
  end(1);
  clock_.advance(100ms);
  take(Action::Kind::launch);
}

TEST_F(SupervisionTest, AnEventAboutARunningProcessChangesNothing) {
  bring_up();
  machine_.disturbed(kWeb);
  const Action look = take(Action::Kind::look);
  runtime::Seen seen{.id = instance_container(kWeb)};
  seen.state = runtime::Seen::State::running;
  machine_.looked(look.key, seen);
  EXPECT_EQ(only().state, State::ready);
  EXPECT_EQ(only().restarts, 0U);
}

TEST_F(SupervisionTest, AnExitDuringTheLaunchIsSeenAfterIt) {
  machine_.listed({});
  machine_.want(release(1, 1));
  const Action launch = take(Action::Kind::launch);
  machine_.disturbed(kWeb);
  machine_.launched(launch.key, Supervision::Launched{100, "10.83.0.7"});
  end(3);
  EXPECT_EQ(only().failure->status, 3);
}

TEST_F(SupervisionTest, ListeningOnLoopbackAloneFailsSoon) {
  machine_.listed({});
  machine_.want(release(1, 1));
  launch_ok();
  for (int i = 0; i < 13; ++i) probe({.loopback_only = true});
  EXPECT_EQ(only().failure->kind, InstanceFailure::Kind::loopback_only);
  const Action remove = take(Action::Kind::remove);
  machine_.removed(remove.key, {});
  EXPECT_EQ(only().state, State::waiting);
}

TEST_F(SupervisionTest, ListeningOnAnotherPortIsNamed) {
  machine_.listed({});
  machine_.want(release(1, 1));
  launch_ok();
  for (int i = 0; i < 41; ++i) probe({.other_ports = {3000}});
  EXPECT_EQ(only().failure->explanation, "web.1 listens on port 3000, not on 5000");
}

TEST_F(SupervisionTest, NotListeningFailsAtTheLimit) {
  machine_.listed({});
  machine_.want(release(1, 1));
  launch_ok();
  clock_.advance(59s);
  probe({});
  EXPECT_EQ(only().state, State::starting);
  clock_.advance(1s);
  probe({});
  EXPECT_EQ(only().failure->explanation, "web.1 did not listen on port 5000 within 60 s");
}

TEST_F(SupervisionTest, ForgettingGivesGraceAndThenKills) {
  bring_up();
  machine_.forget("blog", 1);
  const Action terminate = take(Action::Kind::terminate);
  machine_.terminated(terminate.key, {});
  clock_.advance(29s);
  EXPECT_TRUE(idle());
  clock_.advance(1s);
  const Action remove = take(Action::Kind::remove);
  machine_.removed(remove.key, {});
  EXPECT_FALSE(machine_.has("blog", 1));
}

TEST_F(SupervisionTest, AForgottenProcessThatEndsInTimeIsRemovedAtOnce) {
  bring_up();
  machine_.forget("blog", 1);
  const Action terminate = take(Action::Kind::terminate);
  machine_.terminated(terminate.key, {});
  end(143);
  take(Action::Kind::remove);
}

TEST_F(SupervisionTest, ForgettingDuringALaunchEndsWhatWasLaunched) {
  machine_.listed({});
  machine_.want(release(1, 1));
  const Action launch = take(Action::Kind::launch);
  machine_.forget("blog", 1);
  EXPECT_TRUE(idle());
  machine_.launched(launch.key, Supervision::Launched{100, "10.83.0.7"});
  take(Action::Kind::terminate);
}

TEST_F(SupervisionTest, ErasingKillsWithoutGrace) {
  bring_up();
  machine_.erase("blog");
  const Action remove = take(Action::Kind::remove);
  machine_.removed(remove.key, fail(Errc::unavailable, "away"));
  EXPECT_TRUE(machine_.has("blog", 0));
  clock_.advance(500ms);
  const Action again = take(Action::Kind::remove);
  machine_.removed(again.key, {});
  EXPECT_FALSE(machine_.has("blog", 0));
}

TEST_F(SupervisionTest, ScalingTouchesOnlyWhatChanges) {
  bring_up();
  machine_.want(release(1, 2));
  const Action launch = take(Action::Kind::launch);
  EXPECT_EQ(launch.key.index, 2U);
  machine_.launched(launch.key, Supervision::Launched{101, "10.83.0.8"});
  machine_.want(release(1, 1));
  const Action terminate = take(Action::Kind::terminate);
  EXPECT_EQ(terminate.key.index, 2U);
  EXPECT_TRUE(idle());
}

TEST_F(SupervisionTest, WantedAgainWhileItEndsItIsStartedAnew) {
  bring_up();
  machine_.forget("blog", 1);
  const Action terminate = take(Action::Kind::terminate);
  machine_.want(release(1, 1));
  machine_.terminated(terminate.key, {});
  end(0);
  machine_.removed(take(Action::Kind::remove).key, {});
  take(Action::Kind::launch);
}

TEST_F(SupervisionTest, WhatWasWantedAgainAndThenIsNotStaysAway) {
  bring_up();
  machine_.want(release(1, 0));
  const Action terminate = take(Action::Kind::terminate);
  machine_.want(release(1, 1));
  machine_.want(release(1, 0));
  machine_.terminated(terminate.key, {});
  end(0);
  machine_.removed(take(Action::Kind::remove).key, {});
  EXPECT_TRUE(idle());
  EXPECT_FALSE(machine_.has("blog", 0));
}

TEST_F(SupervisionTest, AdoptsWhatRunsAndStartsWhatIsMissing) {
  machine_.want(release(1, 2));
  EXPECT_TRUE(idle());
  const auto unwanted = machine_.listed(
      {{kWeb, true, 4242, "10.83.0.3"}, {{"blog", "web", 1, 9}, true, 4243, "10.83.0.4"}});
  EXPECT_TRUE(unwanted.empty());
  take(Action::Kind::probe);
  machine_.probed(kWeb, {.reachable = true});
  EXPECT_EQ(take(Action::Kind::launch).key.index, 2U);
  EXPECT_EQ(machine_.seen("blog")[0].pid, 4242);
  EXPECT_EQ(machine_.seen("blog")[0].state, State::ready);
}

TEST_F(SupervisionTest, AfterARebootSomeAtATimeInTheOrderInWhichTheyWereWanted) {
  for (const char* app : {"z", "a", "m", "b", "y"}) {
    ReleaseWanted wanted = release(1, 1);
    wanted.app = app;
    machine_.want(wanted);
  }
  machine_.listed({});
  EXPECT_EQ(machine_.missing_at_first(), 5U);
  std::vector<std::string> first;
  machine_.tick();
  for (const Action& action : machine_.take_actions()) first.push_back(action.key.app);
  EXPECT_THAT(first, ::testing::UnorderedElementsAre("z", "a", "m", "b"));
  EXPECT_TRUE(idle());
  machine_.launched({"a", "web", 1, 1}, fail(Errc::internal, "no such image"));
  EXPECT_EQ(take(Action::Kind::launch).key.app, "y");
  EXPECT_FALSE(machine_.booted());
}

TEST_F(SupervisionTest, ASlowStarterDoesNotHoldUpARebootForLong) {
  for (const char* app : {"a", "b", "c", "d", "last"}) {
    ReleaseWanted wanted = release(1, 1);
    wanted.app = app;
    machine_.want(wanted);
  }
  machine_.listed({});
  for (int i = 0; i < 4; ++i) take(Action::Kind::launch);
  EXPECT_TRUE(idle());
  clock_.advance(BootQueue::kPatience);
  EXPECT_EQ(take(Action::Kind::launch).key.app, "last");
}

TEST_F(SupervisionTest, WhoeverIsAskedForAfterARebootNeedNotWait) {
  for (const char* app : {"a", "b", "c", "d", "asked"}) {
    ReleaseWanted wanted = release(1, 1);
    wanted.app = app;
    machine_.want(wanted);
  }
  machine_.listed({});
  for (int i = 0; i < 4; ++i) take(Action::Kind::launch);
  EXPECT_TRUE(idle());
  machine_.retry_now("asked");
  EXPECT_EQ(take(Action::Kind::launch).key.app, "asked");
}

TEST_F(SupervisionTest, AStrangerServesUntilTheRoutesHaveLeftIt) {
  const InstanceKey old{"blog", "web", 1, 9};
  machine_.want(release(1, 1));
  machine_.listed({{kWeb, true, 4242, "10.83.0.3"}, {old, true, 4243, "10.83.0.4"}});
  take(Action::Kind::probe);
  machine_.probed(kWeb, {.reachable = true});
  EXPECT_TRUE(idle());
  for (const InstanceSeen& seen : machine_.seen("blog")) {
    EXPECT_EQ(seen.stranger, seen.release == 9);
  }
  machine_.end_strangers("blog");
  EXPECT_EQ(take(Action::Kind::terminate).key.release, 9U);
  machine_.end_strangers("blog");
  EXPECT_TRUE(idle());
}

TEST_F(SupervisionTest, AStrangerOfAnAppThatWantsNothingEndsAtOnce) {
  machine_.listed({{kWeb, true, 4242, "10.83.0.3"}});
  take(Action::Kind::terminate);
}

TEST_F(SupervisionTest, AStrangerThatDiesIsRemoved) {
  const InstanceKey old{"blog", "web", 1, 9};
  machine_.want(release(1, 1));
  machine_.listed({{kWeb, true, 4242, "10.83.0.3"}, {old, true, 4243, "10.83.0.4"}});
  machine_.probed(take(Action::Kind::probe).key, {.reachable = true});
  machine_.disturbed(old);
  machine_.looked(take(Action::Kind::look).key, fail(Errc::not_found, "gone"));
  EXPECT_EQ(take(Action::Kind::remove).key.release, 9U);
}

TEST_F(SupervisionTest, ALostExitIsFoundByTheNextList) {
  bring_up();
  machine_.listed({});
  const Action look = take(Action::Kind::look);
  machine_.looked(look.key, fail(Errc::not_found, "gone"));
  EXPECT_EQ(only().state, State::waiting);
}

TEST_F(SupervisionTest, ARuntimeThatIsAwayIsAskedAgain) {
  machine_.listed({});
  machine_.want(release(1, 1));
  const Action launch = take(Action::Kind::launch);
  machine_.launched(launch.key, fail(Errc::unavailable, "away"));
  EXPECT_TRUE(idle());
  clock_.advance(500ms);
  launch_ok();
}

TEST_F(SupervisionTest, OutOfMemoryNamesTheLimit) {
  ReleaseWanted small = release(1, 1);
  small.processes[0].limits.memory_bytes = 64 << 20;
  machine_.listed({});
  machine_.want(small);
  launch_ok();
  machine_.disturbed(kWeb);
  const Action look = take(Action::Kind::look);
  runtime::Seen seen{.id = instance_container(kWeb)};
  seen.state = runtime::Seen::State::stopped;
  seen.exit = runtime::Exit{.status = 137, .at = {}, .out_of_memory = true};
  machine_.looked(look.key, seen);
  EXPECT_EQ(only().failure->explanation,
            "web.1 was killed: out of memory (limit 64 MB), status 137");
}

}  // namespace
}  // namespace dokku::server
