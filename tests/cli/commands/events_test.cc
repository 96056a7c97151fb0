#include <thread>

#include "fixture.h"

namespace dokku::cli {
namespace {

class EventsCommand : public CommandsTest {
 protected:
  std::string last() {
    const std::string all = run("events").out;
    const std::size_t from = all.rfind('\n', all.size() - 2);
    return all.substr(from == std::string::npos ? 0 : from + 1);
  }
};

TEST_F(EventsCommand, NamesKeysAndNeverValues) {
  must("apps:create", "blog");
  must("config:set", "blog", "PASSWORD=hunter2");
  run("config:set", "blog", "1BAD=hunter2");
  run("config:set", "hunter2=x", "blog");
  const std::string events = run("events").out;
  EXPECT_NE(events.find("root config:set blog PASSWORD (status 0, "), std::string::npos) << events;
  EXPECT_NE(events.find("root config:set blog (status 1, "), std::string::npos) << events;
  EXPECT_EQ(store_->dump()->find("|root|config:set|blog|PASSWORD=hunter2"), std::string::npos);
}

TEST_F(EventsCommand, FailedAndRefusedCommandsAreThereToo) {
  run("apps:destroy", "nobody");
  EXPECT_NE(last().find("root apps:destroy nobody (status 20, "), std::string::npos) << last();
  FakeSession stranger;
  stranger.caller_ = {Caller::Kind::key, "SHA256:unknown", "dokku"};
  run_in(stranger, {"apps:create", "x"});
  EXPECT_NE(last().find("nobody apps:create refused (status 1, "), std::string::npos) << last();
}

TEST_F(EventsCommand, WhatOnlyLooksIsRecordedOnDemandAndSecretsAlways) {
  must("apps:create", "blog");
  must("config:set", "blog", "A=1");
  must("apps:list");
  EXPECT_EQ(run("events").out.find("apps:list"), std::string::npos);
  must("config:get", "blog", "A");
  EXPECT_NE(last().find("config:get blog"), std::string::npos) << last();
  must("events:on");
  must("apps:list");
  EXPECT_NE(last().find("apps:list"), std::string::npos);
  EXPECT_NE(run("events:list").out.find("only look"), std::string::npos);
  must("events:off");
  must("apps:exists", "blog");
  EXPECT_EQ(run("events").out.find("apps:exists"), std::string::npos);
}

TEST_F(EventsCommand, CanBeFilteredCountedAndReadByMachines) {
  must("apps:create", "blog");
  must("apps:create", "shop");
  EXPECT_EQ(run("events", "blog").out.find("shop"), std::string::npos);
  EXPECT_EQ(run("events", "-n", "1", "--format", "json").out.find("\"app\":\"shop\""), 2U);
  EXPECT_EQ(run("events", "nobody").status, 20);
  EXPECT_EQ(run("events", "-n", "0").status, 1);
  must("--force", "apps:destroy", "blog");
  EXPECT_NE(run("events", "blog").out.find("apps:destroy"), std::string::npos);
}

TEST_F(EventsCommand, FollowingShowsWhatHappensUntilTheCallerLeaves) {
  must("apps:create", "first");
  FakeSession follower;
  std::thread follow([&] { run_in(follower, {"events", "-t"}); });
  must("apps:create", "second");
  follower.cancel_token().cancel();
  follow.join();
  EXPECT_NE(follower.printed().find("apps:create first"), std::string::npos);
  EXPECT_EQ(follower.printed().find("apps:create first"),
            follower.printed().rfind("apps:create first"));
}

}  // namespace
}  // namespace dokku::cli
