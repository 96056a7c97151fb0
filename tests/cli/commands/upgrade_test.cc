#include <gmock/gmock.h>
#include <poll.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/io.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

using server::UpgradeRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UpgradeCommand : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    for (const char* version : {"1.0", "2.0"}) {
      std::filesystem::create_directories(folder_ / "versions" / version);
      script(version, "dokkud", "");
    }
    std::filesystem::create_directory_symlink("versions/2.0", instance_.helpers_dir);
  }
  void script(const std::string& version, const std::string& program, const std::string& text) {
    const std::filesystem::path path = folder_ / "versions" / version / program;
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    std::filesystem::permissions(path, std::filesystem::perms(0755));
  }
  void note(UpgradeRecord::State state) {
    UpgradeRecord record;
    record.state = state;
    record.from = record.previous = "1.0";
    record.to = "2.0";
    record.begun = record.ended = WallTime(std::chrono::seconds(1'795'000'000));
    record.reason = "dokkud 2.0 ended 1 s after its start";
    ASSERT_TRUE(record.save(instance_));
  }
  // What the client would copy.
  static std::string text_of(const UniqueFd& stream) {
    return read_all(stream.get(), 1 << 16).value_or("?");
  }
  static int awaited(const FakeSession& session) {
    for (int i = 0; i < 5000 && *session.later_status < 0; ++i) ::poll(nullptr, 0, 2);
    return *session.later_status;
  }
};

TEST_F(UpgradeCommand, TheStatusOfAnInstanceThatWasNeverUpgraded) {
  const Outcome status = run("upgrade:status");
  EXPECT_EQ(status.status, 0) << status;
  EXPECT_THAT(status.out, HasSubstr("=====> --global upgrade information\n"));
  EXPECT_THAT(status.out, ::testing::ContainsRegex("Upgrade last result: +none"));
  EXPECT_THAT(status.out, ::testing::ContainsRegex("Upgrade running: +2.0"));
  EXPECT_THAT(status.out, HasSubstr("-----> 0 snapshots of the state in "));
}

TEST_F(UpgradeCommand, TheStatusTellsWhyTheLastOneWasUndone) {
  note(UpgradeRecord::State::undone);
  std::filesystem::create_directories(instance_.state_dir / "snapshots");
  std::ofstream(instance_.state_dir / "snapshots/2026-11-18T11-06-40Z_schema6_before-2.0.db")
      << "x";
  const Outcome status = run("upgrade:status");
  EXPECT_THAT(status.out, HasSubstr("dokkud 2.0 ended 1 s after its start"));
  EXPECT_THAT(status.out, HasSubstr("2026-11-18T11-06-40Z  6"));
  const auto json = nlohmann::json::parse(run("upgrade:status", "--format", "json").out);
  EXPECT_EQ(json["last-result"], "undone");
  EXPECT_EQ(json["last-began"], "2026-11-18T11:06:40Z");
  EXPECT_EQ(json["previous"], "1.0");
  EXPECT_EQ(json["snapshots"], "2026-11-18T11-06-40Z_schema6_before-2.0.db");
}

TEST_F(UpgradeCommand, WithoutAnEarlierVersionThereIsNoWayBack) {
  EXPECT_EQ(
      run("upgrade:rollback"),
      (Outcome{1, "", " !     There is no version to go back to: no upgrade was done yet\n"}));
  note(UpgradeRecord::State::done);
  std::filesystem::remove_all(folder_ / "versions/1.0");
  EXPECT_EQ(run("upgrade:rollback").status, 1);
}

TEST_F(UpgradeCommand, OneThatIsUnderWayIsNotDisturbed) {
  note(UpgradeRecord::State::upgrading);
  EXPECT_EQ(run("upgrade:rollback").err,
            " !     An upgrade is under way. See: dokku upgrade:status\n");
}

TEST_F(UpgradeCommand, TheClientGetsTheStreamsOfWhoeverDoesIt) {
  note(UpgradeRecord::State::done);
  script("2.0", "dokku-supervise", "echo said $3; echo ' !     no' >&2; exit 7");
  FakeSession session;
  EXPECT_EQ(run_in(session, {"upgrade:rollback"}).status, 0);
  ASSERT_TRUE(session.attached);
  EXPECT_THAT(session.attached->resume, ElementsAre("upgrade:resume"));
  EXPECT_EQ(text_of(session.attached->out), "said --rollback\n");
  EXPECT_EQ(text_of(session.attached->err), " !     no\n");
  EXPECT_EQ(awaited(session), 7);
}

TEST_F(UpgradeCommand, TheNextDaemonTellsTheEnd) {
  note(UpgradeRecord::State::upgrading);
  FakeSession waits;
  EXPECT_EQ(run_in(waits, {"upgrade:resume"}).status, 0);
  EXPECT_EQ(*waits.later_status, -1);
  note(UpgradeRecord::State::done);
  EXPECT_EQ(awaited(waits), 0);
  note(UpgradeRecord::State::undone);
  FakeSession late;
  run_in(late, {"upgrade:resume"});
  EXPECT_EQ(awaited(late), 1);
}

TEST_F(UpgradeCommand, TheProbeNamesWhoDoesNotAnswer) {
  const std::string before = dump();
  EXPECT_THAT(run("upgrade:probe").err, HasSubstr("the proxy does not answer on "));
  EXPECT_EQ(dump(), before);
}

TEST_F(UpgradeCommand, APushThatAnUpgradeCutsOffIsMadeAnewByItsClient) {
  must("apps:create", "blog");
  note(UpgradeRecord::State::upgrading);
  FakeSession able;
  able.environment_["DOKKU_TRIES_AGAIN"] = "true";
  EXPECT_EQ(run_in(able, {"call-outcome", "c1", "the push", "git-hook", "blog"}),
            (Outcome{75,
                     "-----> dokku is being upgraded: nothing was deployed, the push begins again "
                     "by itself\n",
                     ""}));
  EXPECT_EQ(run("call-outcome", "c1", "the push", "git-hook", "blog").status, 1);
  note(UpgradeRecord::State::done);  // long ago
  FakeSession later;
  later.environment_["DOKKU_TRIES_AGAIN"] = "true";
  EXPECT_EQ(run_in(later, {"call-outcome", "c1", "the push", "git-hook", "blog"}).status, 1);
}

}  // namespace
}  // namespace dokku::cli
