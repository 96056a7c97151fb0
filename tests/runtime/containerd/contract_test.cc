#include "tests/runtime/containerd/contract.h"

#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/io.h"

namespace dokku::testing {
namespace {

using namespace std::chrono_literals;
using runtime::Change;
using runtime::Seen;

TYPED_TEST_SUITE(Contract, Backends, BackendNames);

// --- life of a container

TYPED_TEST(Contract, ExitStatusIsKnownUntilRemoved) {
  const ContainerId id = this->running({"exit", "3"});
  for (int i = 0; i < 2; ++i) {
    const auto exit = this->c().wait(id, 10s);
    ASSERT_TRUE(exit.has_value()) << exit.error().message();
    EXPECT_EQ(exit->status, 3);
    EXPECT_FALSE(exit->out_of_memory);
    EXPECT_LT(std::chrono::system_clock::now() - exit->at, 1min);
  }
  ASSERT_TRUE(this->c().remove(id).has_value());
  EXPECT_EQ(this->code_of(this->c().wait(id, 10s)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().inspect(id)), Errc::not_found);
}

TYPED_TEST(Contract, InspectFollowsTheStates) {
  const ContainerSpec spec = this->spec({"sleep"});
  ASSERT_EQ(this->error_of(this->c().create(spec)), "");
  EXPECT_EQ(this->c().inspect(spec.id)->state, Seen::State::no_task);
  const auto pid = this->c().start(spec.id, {});
  ASSERT_EQ(this->error_of(pid), "");
  auto seen = this->c().inspect(spec.id);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->state, Seen::State::running);
  EXPECT_EQ(seen->pid, *pid);
  EXPECT_FALSE(seen->exit.has_value());
  ASSERT_TRUE(this->c().signal(spec.id, SIGKILL, true).has_value());
  ASSERT_TRUE(this->c().wait(spec.id, 10s).has_value());
  seen = this->c().inspect(spec.id);
  EXPECT_EQ(seen->state, Seen::State::stopped);
  ASSERT_TRUE(seen->exit.has_value());
  EXPECT_EQ(seen->exit->status, 137);
}

TYPED_TEST(Contract, AnIdIsTakenOnce) {
  const ContainerSpec spec = this->spec({"sleep"});
  ASSERT_EQ(this->error_of(this->c().create(spec)), "");
  EXPECT_EQ(this->code_of(this->c().create(spec)), Errc::already_exists);
  ASSERT_EQ(this->error_of(this->c().start(spec.id, {})), "");
  EXPECT_EQ(this->code_of(this->c().start(spec.id, {})), Errc::already_exists);
  EXPECT_EQ(this->c().inspect(spec.id)->state, Seen::State::running);
}

TYPED_TEST(Contract, UnknownThingsAreNotFound) {
  const ContainerId id = fresh_id("nobody");
  ContainerSpec spec = this->spec({"sleep"});
  spec.image = *ImageRef::parse("test/none:1");
  EXPECT_EQ(this->code_of(this->c().create(spec)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().start(id, {})), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().signal(id, SIGTERM, true)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().wait(id, 1s)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().stop(id, 1s)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().limit(id, {})), Errc::not_found);
  EXPECT_TRUE(this->c().remove(id).has_value());
  EXPECT_TRUE(this->c().exec_remove(id, "e").has_value());
}

TYPED_TEST(Contract, AnEndedContainerStartsAgain) {
  const ContainerId id = this->running({"exit", "4"});
  ASSERT_EQ(this->c().wait(id, 10s)->status, 4);
  ASSERT_EQ(this->error_of(this->c().start(id, {})), "");
  EXPECT_EQ(this->c().wait(id, 10s)->status, 4);
}

TYPED_TEST(Contract, WaitGivesUpAtItsLimit) {
  const ContainerId id = this->running({"sleep"});
  EXPECT_EQ(this->code_of(this->c().wait(id, 20ms)), Errc::timed_out);
  EXPECT_EQ(this->c().inspect(id)->state, Seen::State::running);
}

TYPED_TEST(Contract, StopAsksFirst) {
  const ContainerId id = this->running({"sleep"});
  const auto exit = this->c().stop(id, 10s);
  ASSERT_TRUE(exit.has_value()) << exit.error().message();
  EXPECT_EQ(exit->status, 143);
  EXPECT_EQ(this->c().stop(id, 10s)->status, 143);
}

TYPED_TEST(Contract, StopKillsWhatDoesNotListen) {
  const ContainerId id = this->running({"ignore"});
  const auto exit = this->c().stop(id, 100ms);
  ASSERT_TRUE(exit.has_value()) << exit.error().message();
  EXPECT_EQ(exit->status, 137);
}

TYPED_TEST(Contract, AnEndedContainerCannotBeSignalled) {
  const ContainerId id = this->running({"exit", "0"});
  ASSERT_TRUE(this->c().wait(id, 10s).has_value());
  EXPECT_EQ(this->code_of(this->c().signal(id, SIGTERM, true)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->c().limit(id, {64 << 20})), Errc::not_found);
}

TYPED_TEST(Contract, RemoveEndsWhatRunsAndFreesTheId) {
  const ContainerSpec spec = this->spec({"sleep"});
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(this->error_of(this->c().create(spec)), "");
    ASSERT_EQ(this->error_of(this->c().start(spec.id, {})), "");
    ASSERT_EQ(this->error_of(this->c().remove(spec.id)), "");
  }
  EXPECT_TRUE(this->c().remove(spec.id).has_value());
}

TYPED_TEST(Contract, ListFindsByAllLabels) {
  ContainerSpec first = this->spec({"sleep"});
  ContainerSpec second = this->spec({"sleep"});
  first.labels = {{"dokku.app", "blog \"1\""}, {"dokku.type", "web"}};
  second.labels = {{"dokku.app", "blog \"1\""}, {"dokku.type", "worker"}};
  ASSERT_EQ(this->error_of(this->c().create(first)), "");
  ASSERT_EQ(this->error_of(this->c().create(second)), "");
  EXPECT_EQ(this->c().list({{"dokku.app", "blog \"1\""}})->size(), 2U);
  const auto web = this->c().list({{"dokku.app", "blog \"1\""}, {"dokku.type", "web"}});
  ASSERT_EQ(web->size(), 1U);
  EXPECT_EQ(web->front().id, first.id);
  EXPECT_EQ(web->front().labels, first.labels);
  EXPECT_EQ(web->front().state, Seen::State::no_task);
  EXPECT_TRUE(this->c().list({{"dokku.app", "other"}})->empty());
}

TYPED_TEST(Contract, OrphansAreListedAndRemoved) {
  const ContainerId id = this->running({"sleep"});
  this->backend_->make_orphan(id.str());
  const auto find = [&]() -> std::optional<Seen> {
    const auto all = this->c().list({});
    for (const Seen& seen : *all) {
      if (seen.id == id) return seen;
    }
    return std::nullopt;
  };
  auto orphan = find();
  ASSERT_TRUE(orphan.has_value());
  EXPECT_FALSE(orphan->has_record);
  EXPECT_EQ(orphan->state, Seen::State::running);
  ASSERT_EQ(this->error_of(this->c().remove(id)), "");
  EXPECT_FALSE(find().has_value());
}

TYPED_TEST(Contract, CreateEndsAnOrphanOfItsId) {
  const ContainerSpec spec = this->spec({"sleep"});
  ASSERT_EQ(this->error_of(this->c().create(spec)), "");
  ASSERT_EQ(this->error_of(this->c().start(spec.id, {})), "");
  this->backend_->make_orphan(spec.id.str());
  ASSERT_EQ(this->error_of(this->c().create(spec)), "");
  EXPECT_EQ(this->c().inspect(spec.id)->state, Seen::State::no_task);
  EXPECT_EQ(this->error_of(this->c().start(spec.id, {})), "");
}

// --- further processes

TYPED_TEST(Contract, AnExecHasItsOwnEnd) {
  const ContainerId id = this->running({"sleep"});
  const runtime::ExecSpec what{"e1", {"/testbox", "exit", "7"}};
  ASSERT_EQ(this->error_of(this->c().exec(id, what, {})), "");
  const auto exit = this->c().exec_wait(id, "e1", 10s);
  ASSERT_TRUE(exit.has_value()) << exit.error().message();
  EXPECT_EQ(exit->status, 7);
  ASSERT_EQ(this->error_of(this->c().exec_remove(id, "e1")), "");
  EXPECT_EQ(this->code_of(this->c().exec_wait(id, "e1", 10s)), Errc::not_found);
  EXPECT_EQ(this->c().inspect(id)->state, Seen::State::running);
}

TYPED_TEST(Contract, ARunningExecIsRemovedByForce) {
  const ContainerId id = this->running({"sleep"});
  ASSERT_EQ(this->error_of(this->c().exec(id, {"e1", {"/testbox", "ignore"}}, {})), "");
  EXPECT_EQ(this->code_of(this->c().exec_wait(id, "e1", 20ms)), Errc::timed_out);
  ASSERT_EQ(this->error_of(this->c().exec_remove(id, "e1")), "");
  ASSERT_EQ(this->error_of(this->c().exec(id, {"e1", {"/testbox", "exit", "0"}}, {})), "");
}

TYPED_TEST(Contract, NothingIsAddedToWhatHasEnded) {
  const ContainerId id = this->running({"exit", "0"});
  ASSERT_TRUE(this->c().wait(id, 10s).has_value());
  EXPECT_FALSE(this->c().exec(id, {"e1", {"/testbox", "exit", "0"}}, {}).has_value());
}

// --- watching

// Collects what a watch says.
class Log {
 public:
  void add(const Change& change) {
    const std::lock_guard lock(mutex_);
    changes_.push_back(change);
    changed_.notify_all();
  }
  // False: it did not come.
  bool wait_for(const std::function<bool(const Change&)>& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s,
                             [&] { return std::any_of(changes_.begin(), changes_.end(), wanted); });
  }
  Change first() {
    const std::lock_guard lock(mutex_);
    return changes_.empty() ? Change{Change::Kind::exited} : changes_.front();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Change> changes_;
};

TYPED_TEST(Contract, AWatchBeginsWithARelistAndTellsEnds) {
  Log log;
  const auto watch = this->c().watch([&](const Change& change) { log.add(change); });
  ASSERT_TRUE(log.wait_for([](const Change& c) { return c.kind == Change::Kind::relist; }));
  EXPECT_EQ(log.first().kind, Change::Kind::relist);
  const ContainerId id = this->running({"exit", "5"});
  EXPECT_TRUE(log.wait_for(
      [&](const Change& c) { return c.kind == Change::Kind::started && c.id == id.str(); }));
  EXPECT_TRUE(log.wait_for([&](const Change& c) {
    return c.kind == Change::Kind::exited && c.id == id.str() && c.exit.status == 5;
  }));
}

TYPED_TEST(Contract, AWatchTellsTheEndsOfExecs) {
  Log log;
  const auto watch = this->c().watch([&](const Change& change) { log.add(change); });
  ASSERT_TRUE(log.wait_for([](const Change& c) { return c.kind == Change::Kind::relist; }));
  const ContainerId id = this->running({"sleep"});
  ASSERT_EQ(this->error_of(this->c().exec(id, {"e9", {"/testbox", "exit", "6"}}, {})), "");
  EXPECT_TRUE(log.wait_for([&](const Change& c) {
    return c.kind == Change::Kind::exec_exited && c.id == id.str() && c.exec == "e9" &&
           c.exit.status == 6;
  }));
}

TYPED_TEST(Contract, AWatchThatIsGoneIsNotCalled) {
  std::atomic<int> calls{0};
  {
    Log log;
    const auto watch = this->c().watch([&](const Change& change) {
      log.add(change);
      ++calls;
    });
    ASSERT_TRUE(log.wait_for([](const Change& c) { return c.kind == Change::Kind::relist; }));
  }
  const int before = calls;
  const ContainerId id = this->running({"exit", "0"});
  ASSERT_TRUE(this->c().wait(id, 10s).has_value());
  EXPECT_EQ(calls, before);
}

}  // namespace
}  // namespace dokku::testing
