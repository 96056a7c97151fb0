#include "server/daemons/upgrade.h"

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <vector>

#include "tests/fakes/fake_clock.h"

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using dokku::testing::FakeClock;
using State = UpgradeRecord::State;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// How the programs of one version behave.
struct Version {
  std::optional<Duration> dokkud_lives = std::nullopt;  // from its start; none: for ever
  Duration answers_after = 1s;
  std::string probe = "";  // why it fails
  bool proxy_takes_over = true;
  std::optional<Duration> proxy_lives = std::nullopt;
  bool supervisor_lives = true;
  bool supervisor_minds = true;
  bool supervisor_blinks = false;  // in the middle of the exec: minds, does not, minds
  bool dokkud_ends_when_asked = true;
};

// A machine with a supervisor that starts what has ended, a tick at a time.
class FakeMachine final : public UpgradeWorld {
 public:
  struct Process {
    pid_t pid = 0;
    std::string version;
    TimePoint begun;
    bool runs = false;
  };

  explicit FakeMachine(FakeClock& clock) : clock_(clock) {
    for (const Part part : {Part::proxy, Part::dokkud, Part::supervisor}) start(part, "old");
  }

  Result<> check(const std::string&) override { return {}; }
  Result<> note(const UpgradeRecord& record) override {
    notes.push_back(record);
    return {};
  }
  Result<> lead_to(const std::string& version) override {
    link = version;
    return {};
  }
  bool has(Part part) override { return part != Part::supervisor || supervised; }
  Sight look(Part part) override {
    live();
    const Process& process = parts[part];
    return {process.pid, process.runs, process.runs ? process.version : ""};
  }
  void ask_to_give_way(Part part) override {
    deeds.push_back("ask " + std::to_string(static_cast<int>(part)));
    Process& process = parts[part];
    if (part == Part::dokkud && versions[process.version].dokkud_ends_when_asked) {
      process.runs = false;
    }
    if (part != Part::supervisor) return;
    process.version = link;  // the same process executes another program
    process.runs = versions[link].supervisor_lives;
  }
  Result<> hand_over_proxy() override {
    if (!versions[link].proxy_takes_over) return fail(Errc::unavailable, "it ended");
    start(Part::proxy, link);
    return {};
  }
  void kill(Part part) override {
    deeds.push_back("kill " + std::to_string(static_cast<int>(part)));
    parts[part].runs = false;
  }
  Result<> start_supervisor() override {
    start(Part::supervisor, link);
    return {};
  }
  Result<> probe(const std::string& version, pid_t dokkud) override {
    const Process& process = parts[Part::dokkud];
    const Version& facts = versions[version];
    if (process.pid != dokkud || clock_.now() - process.begun < facts.answers_after) {
      return fail(Errc::unavailable, "nobody answers");
    }
    return facts.probe.empty() ? Result<>() : fail(Errc::unavailable, facts.probe);
  }
  Result<> probe_proxy() override {
    if (parts[Part::proxy].runs) return {};
    return fail(Errc::unavailable, "no proxy");
  }
  Result<> probe_supervisor() override {
    const Version& it = versions[parts[Part::supervisor].version];
    const bool blinks = it.supervisor_blinks && ++looks_ == 2;
    if (it.supervisor_minds && !blinks) return {};
    return fail(Errc::unavailable, "no lock");
  }
  std::string last_words(Part) override { return words; }
  std::string cost() override { return price; }
  void tell(const std::string& line) override { told.push_back(line); }
  void pause(Duration time) override {
    clock_.advance(time);
    live();
  }

  std::vector<std::string> running() {
    live();
    std::vector<std::string> all;
    for (auto& [part, process] : parts) all.push_back(process.runs ? process.version : "none");
    return all;  // dokkud, proxy, supervisor
  }

  std::map<std::string, Version> versions;
  std::map<Part, Process> parts;
  std::string link = "old";
  std::string words;
  std::string price;
  bool supervised = true;
  std::vector<UpgradeRecord> notes;
  std::vector<std::string> deeds;
  std::vector<std::string> told;

 private:
  int looks_ = 0;
  void start(Part part, const std::string& version) {
    parts[part] = {++last_pid_, version, clock_.now(), true};
  }
  void end_in_time(Part part, std::optional<Duration> life) {
    Process& process = parts[part];
    if (life && clock_.now() - process.begun >= *life) process.runs = false;
  }
  // What ends shows for one tick, then the supervisor starts it again.
  void live() {
    if (clock_.now() == lived_) return;
    lived_ = clock_.now();
    const bool kept = !supervised || parts[Part::supervisor].runs;
    for (const Part part : {Part::dokkud, Part::proxy}) {
      if (!parts[part].runs && kept) start(part, link);
    }
    end_in_time(Part::dokkud, versions[parts[Part::dokkud].version].dokkud_lives);
    end_in_time(Part::proxy, versions[parts[Part::proxy].version].proxy_lives);
  }

  FakeClock& clock_;
  pid_t last_pid_ = 100;
  TimePoint lived_{};
};

class UpgradeTest : public ::testing::Test {
 protected:
  UpgradeRecord upgrade() {
    UpgradeRecord record;
    record.from = "old";
    record.to = "new";
    record.previous = "older";
    record.begun = clock_.wall();
    return run(record);
  }
  UpgradeRecord run(const UpgradeRecord& record) {
    const TimePoint begun = clock_.now();
    Result<UpgradeRecord> ended = Upgrade(machine_, clock_, {}).run(record);
    took_ = clock_.now() - begun;
    EXPECT_TRUE(ended) << ended.error().message();
    return ended.value_or(UpgradeRecord());
  }
  // The old version is back, the machine says why, and in time.
  void expect_undone(const std::string& why) {
    const UpgradeRecord record = upgrade();
    EXPECT_EQ(record.state, State::undone) << record.reason;
    EXPECT_THAT(record.reason, HasSubstr(why));
    EXPECT_EQ(record.previous, "older");
    EXPECT_THAT(machine_.running(), ElementsAre("old", "old", "old"));
    EXPECT_EQ(machine_.link, "old");
    EXPECT_LT(took_, 30s);
  }
  Version& fresh() { return machine_.versions["new"]; }

  FakeClock clock_;
  FakeMachine machine_{clock_};
  Duration took_{};
};

TEST_F(UpgradeTest, AGoodVersionTakesAllPlaces) {
  const pid_t supervisor = machine_.parts[Part::supervisor].pid;
  const UpgradeRecord record = upgrade();
  EXPECT_EQ(record.state, State::done);
  EXPECT_EQ(record.previous, "old");
  EXPECT_EQ(record.reason, "");
  EXPECT_EQ(record.ended, clock_.wall());
  EXPECT_THAT(machine_.running(), ElementsAre("new", "new", "new"));
  EXPECT_EQ(machine_.parts[Part::supervisor].pid, supervisor);
  EXPECT_EQ(machine_.notes.back(), record);
}

TEST_F(UpgradeTest, WithoutASupervisorItIsDoneWithoutOne) {
  machine_.supervised = false;
  EXPECT_EQ(upgrade().state, State::done);
  EXPECT_THAT(machine_.deeds, ::testing::Not(Contains("ask 2")));
}

TEST_F(UpgradeTest, OneThatEndsAtOnceIsUndone) {
  fresh().dokkud_lives = 0s;
  machine_.words = "no such table";
  expect_undone("dokkud new ended 0 s after its start: no such table");
  EXPECT_LT(took_, 5s);
}

TEST_F(UpgradeTest, OneThatEndsAfterSomeSecondsIsUndone) {
  fresh().dokkud_lives = 7s;
  expect_undone("dokkud new ended");
}

TEST_F(UpgradeTest, OneThatNeverAnswersIsUndone) {
  fresh().answers_after = 1h;
  expect_undone("did not pass its probe within 15 s: nobody answers");
}

TEST_F(UpgradeTest, OneThatFailsItsProbeIsUndone) {
  fresh().probe = "the store takes no writes";
  expect_undone("did not pass its probe within 15 s: the store takes no writes");
}

TEST_F(UpgradeTest, AnOldOneThatDoesNotEndIsKilledAndAllIsWell) {
  machine_.versions["old"].dokkud_ends_when_asked = false;
  EXPECT_EQ(upgrade().state, State::done);
  EXPECT_THAT(machine_.deeds, Contains("kill 0"));
}

TEST_F(UpgradeTest, AProxyThatDoesNotTakeOverLeavesTheOldOneServing) {
  fresh().proxy_takes_over = false;
  const pid_t proxy = machine_.parts[Part::proxy].pid;
  expect_undone("dokku-proxy new did not take over, the old one serves on: it ended");
  EXPECT_EQ(machine_.parts[Part::proxy].pid, proxy);
}

TEST_F(UpgradeTest, OnTheWayBackAProxyThatHandsNothingOverIsKilled) {
  fresh().supervisor_lives = false;
  machine_.versions["old"].proxy_takes_over = false;
  expect_undone("dokku-supervise new ended");
  EXPECT_THAT(machine_.deeds, Contains("kill 1"));
}

TEST_F(UpgradeTest, AProxyThatEndsAfterwardsIsUndone) {
  fresh().proxy_lives = 3s;
  expect_undone("dokku-proxy new ended");
}

TEST_F(UpgradeTest, ASupervisorThatEndsIsUndone) {
  fresh().supervisor_lives = false;
  expect_undone("dokku-supervise new ended");
}

TEST_F(UpgradeTest, ASupervisorThatMindsNothingIsUndone) {
  fresh().supervisor_minds = false;
  expect_undone("dokku-supervise new does not mind the daemons");
  EXPECT_THAT(machine_.deeds, Contains("kill 2"));
}

TEST_F(UpgradeTest, ASupervisorInTheMiddleOfItsExecIsNotOneThatFails) {
  fresh().supervisor_blinks = true;
  EXPECT_EQ(upgrade().state, State::done);
  EXPECT_THAT(machine_.running(), ElementsAre("new", "new", "new"));
}

TEST_F(UpgradeTest, WhatIsNotedComesBeforeWhatIsDone) {
  fresh().probe = "no";
  upgrade();
  std::vector<State> states;
  for (const UpgradeRecord& note : machine_.notes) states.push_back(note.state);
  EXPECT_THAT(states, ElementsAre(State::undoing, State::undone));
}

TEST_F(UpgradeTest, WhenTheOldOneDoesNotComeBackItIsSaid) {
  fresh().dokkud_lives = 0s;
  machine_.versions["old"].probe = "the disk is gone";
  const UpgradeRecord record = upgrade();
  EXPECT_EQ(record.state, State::failed);
  EXPECT_THAT(record.reason, HasSubstr("; and old is not back: the disk is gone"));
}

TEST_F(UpgradeTest, OneThatWasCutOffAnywhereIsFinished) {
  UpgradeRecord record;
  record.from = "old";
  record.to = "new";
  EXPECT_EQ(run(record).state, State::done);
  EXPECT_EQ(run(record).state, State::done);  // all of it was done already
  EXPECT_THAT(machine_.running(), ElementsAre("new", "new", "new"));
}

TEST_F(UpgradeTest, OneThatWasCutOffWhileItWasUndoneIsUndone) {
  UpgradeRecord record;
  record.from = "old";
  record.to = "new";
  ASSERT_EQ(run(record).state, State::done);
  record.state = State::undoing;
  record.reason = "it was no good";
  const UpgradeRecord ended = run(record);
  EXPECT_EQ(ended.state, State::undone);
  EXPECT_EQ(ended.reason, "it was no good");
  EXPECT_THAT(machine_.running(), ElementsAre("old", "old", "old"));
}

TEST_F(UpgradeTest, WhatTheWayBackCostIsPartOfTheReason) {
  fresh().dokkud_lives = 0s;
  machine_.price = "3 commands are lost";
  EXPECT_THAT(upgrade().reason, HasSubstr(". 3 commands are lost"));
}

}  // namespace
}  // namespace dokku::server
