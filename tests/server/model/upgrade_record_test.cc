#include "server/model/upgrade_record.h"

#include <gtest/gtest.h>

#include <array>

namespace dokku::server {
namespace {

using State = UpgradeRecord::State;

UpgradeRecord sample() {
  UpgradeRecord record;
  record.state = State::undone;
  record.rollback = true;
  record.from = "0.1.0";
  record.to = "0.2.0+git1";
  record.previous = "0.0.9";
  record.begun = WallTime(std::chrono::seconds(1'795'000'000));
  record.ended = record.begun + std::chrono::seconds(12);
  record.reason = "dokkud ended 3 s after its start";
  return record;
}

TEST(UpgradeRecord, IsReadAsItWasWritten) {
  const Result<UpgradeRecord> read = UpgradeRecord::parse(sample().text());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, sample());
}

TEST(UpgradeRecord, NamesTheKeyThatIsWrong) {
  for (const auto& [was, becomes, key] : std::vector<std::array<std::string, 3>>{
           {"\"undone\"", "\"elsewhere\"", "\"state\""},
           {"\"rollback\": true", "\"rollback\": 1", "\"rollback\""},
           {"\"begun\": 1795000000", "\"begun\": \"now\"", "\"begun\""},
           {"\"from\"", "\"fro\"", "\"from\""}}) {
    std::string text = sample().text();
    text.replace(text.find(was), was.size(), becomes);
    const Result<UpgradeRecord> read = UpgradeRecord::parse(text);
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().message().find(key), std::string::npos) << read.error().message();
  }
  EXPECT_FALSE(UpgradeRecord::parse("half a fi"));
}

TEST(UpgradeRecord, LeadsBackOnlyWhileItIsUndoneOrRolledBack) {
  UpgradeRecord record = sample();
  EXPECT_FALSE(record.leads_back());
  EXPECT_EQ(record.wanted(), "0.1.0");
  record.state = State::upgrading;
  EXPECT_TRUE(record.leads_back());
  EXPECT_EQ(record.wanted(), "0.2.0+git1");
  record.rollback = false;
  EXPECT_FALSE(record.leads_back());
  record.state = State::undoing;
  EXPECT_TRUE(record.leads_back());
  EXPECT_EQ(record.wanted(), "0.1.0");
}

TEST(UpgradeRecord, AMomentIsPartOfAFilesName) {
  EXPECT_EQ(stamp_of(sample().begun), "2026-11-18T11-06-40Z");
}

}  // namespace
}  // namespace dokku::server
