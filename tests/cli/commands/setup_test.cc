#include "fixture.h"

namespace dokku::cli {
namespace {

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl me@laptop";

class SetupCommand : public CommandsTest {
 protected:
  // At a terminal, with these answers.
  Outcome at_terminal(const std::vector<std::string>& answers,
                      const std::vector<std::string>& words = {"setup"}) {
    FakeSession session;
    session.terminal_.stdin_is_terminal = true;
    session.answers = answers;
    session.files["/root/key.pub"] = std::string(kKey) + "\n";
    return run_in(session, words);
  }
  void use_address(const std::string& host) {
    must("domains:set-property", "--global", "shown-host", host);
  }
};

TEST_F(SetupCommand, AsksForKeyAndDomain) {
  use_address("203.0.113.5");
  const Outcome outcome = at_terminal({kKey, "example.com"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Added the key admin"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("Apps are reached at APP.example.com"), std::string::npos);
  EXPECT_NE(outcome.out.find("git push dokku@203.0.113.5:my-app main"), std::string::npos);
  must("apps:create", "blog");
  EXPECT_EQ(run("url", "blog").out, "http://blog.example.com\n");
  EXPECT_EQ(run("ssh-keys:list").status, 0);
}

TEST_F(SetupCommand, AKeyMayBeAFileAndADomainTheAddress) {
  use_address("203.0.113.5");
  const Outcome outcome = at_terminal({"/root/key.pub", "ip"});
  EXPECT_NE(outcome.out.find("Apps are reached at APP.203.0.113.5.sslip.io"), std::string::npos)
      << outcome.out << outcome.err;
}

TEST_F(SetupCommand, AMistakeIsNamedAndAskedAgain) {
  const Outcome outcome = at_terminal({"not a key", kKey, "not a domain", "example.com"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find(" !     "), std::string::npos);
  EXPECT_NE(outcome.out.find("Apps are reached at APP.example.com"), std::string::npos);
}

TEST_F(SetupCommand, WhatIsThereIsNotAskedForAgain) {
  ASSERT_EQ(at_terminal({kKey, "example.com"}).status, 0);
  const Outcome outcome = at_terminal({"unexpected", "unexpected"});
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("Keys that may push: 1"), std::string::npos) << outcome.out;
}

TEST_F(SetupCommand, WithoutATerminalNothingIsAsked) {
  const Outcome outcome = run("setup");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Missing: a key that may push"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("Apps are reached by ports"), std::string::npos);
}

TEST_F(SetupCommand, FlagsAnswerBeforehand) {
  const Outcome outcome = run("setup", "--key", kKey, "--domain", "none");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Keys that may push: 1"), std::string::npos) << outcome.out;
  EXPECT_EQ(run("setup", "--domain", "not a domain").status, 1);
}

TEST_F(SetupCommand, WhatIsNoneIsExplained) {
  struct Mistake {
    std::vector<std::string> words;
    const char* said;
  };
  for (const Mistake& mistake : {
           Mistake{{"setup", "--key", "hello"}, "hello is no public ssh key"},
           Mistake{{"setup", "--key", "-----BEGIN OPENSSH PRIVATE KEY-----"}, "a private key"},
           Mistake{{"setup", "--key", "# none"}, "There is no key in it"},
           Mistake{{"setup", "--domain", "not a domain"}, "not a domain is no domain"},
           Mistake{{"setup", "--domain", "203.0.113.7"}, "Say ip for names made of it"},
           Mistake{{"setup", "--domain", "*.example.com"}, "Say it without *."},
           Mistake{{"setup", "--browser", "--domain", "ip"}, "say --browser alone"},
       }) {
    FakeSession session;
    const Outcome outcome = run_in(session, mistake.words);
    EXPECT_EQ(outcome.status, 1) << outcome;
    EXPECT_NE(outcome.err.find(mistake.said), std::string::npos) << outcome;
  }
  EXPECT_NE(run("setup").out.find("Missing: a key"), std::string::npos);
}

TEST_F(SetupCommand, TheSameKeyTwiceIsFineAndSeveralGetNames) {
  const std::string other =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPOh8WNlTM6rmkvGsebTsI1/pRK/zvzYfDNc4aeGJq/I x";
  EXPECT_EQ(run("setup", "--key", std::string(kKey) + "\n\n" + other).status, 0);
  EXPECT_NE(run("setup", "--key", kKey).out.find("may push already"), std::string::npos);
  const std::string listed = run("ssh-keys:list").out;
  EXPECT_NE(listed.find("\"admin\""), std::string::npos) << listed;
  EXPECT_NE(listed.find("\"admin-2\""), std::string::npos) << listed;
}

TEST_F(SetupCommand, AnIpv6AddressMakesANameToo) {
  use_address("2001:db8::7");
  EXPECT_NE(run("setup", "--domain", "ip").out.find("APP.2001-db8--7.sslip.io"), std::string::npos);
  EXPECT_EQ(run("setup", "--domain", "none").status, 0);
  EXPECT_NE(run("setup").out.find("Apps are reached by ports"), std::string::npos);
}

// The link that `setup --browser` prints, used as the page does.
class SetupLinkOfCommand : public SetupCommand {
 protected:
  std::string new_token() {
    const std::string out = run("setup", "--browser").out;
    const std::size_t at = out.find("/setup/");
    EXPECT_NE(at, std::string::npos) << out;
    return out.substr(at + 7, 32);
  }
  Result<server::SetupDone> use(const std::string& token, const server::SetupAnswers& answers) {
    return platform_->setup.apply_by_link(token, answers);
  }
};

TEST_F(SetupLinkOfCommand, IsPrintedWithTheAddress) {
  use_address("203.0.113.5");
  const Outcome outcome = run("setup", "--browser");
  EXPECT_NE(outcome.out.find("       http://203.0.113.5/setup/"), std::string::npos) << outcome;
  EXPECT_NE(outcome.out.find("within 30 minutes"), std::string::npos);
}

TEST_F(SetupLinkOfCommand, WorksOnceAndIsInTheAuditLog) {
  const std::string token = new_token();
  const auto done = use(token, {kKey, "example.com", "203.0.113.5"});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->added.size(), 1U);
  EXPECT_EQ(run("domains:report", "--global", "--domains-global-vhosts").out, "example.com\n");
  EXPECT_NE(run("setup").out.find("dokku on 203.0.113.5"), std::string::npos);
  const std::string events = run("events").out;
  EXPECT_NE(events.find("set-up link"), std::string::npos) << events;
  EXPECT_EQ(events.find(token), std::string::npos);
  EXPECT_EQ(use(token, {kKey, "other.test", ""}).error().code(), Errc::not_found);
}

TEST_F(SetupLinkOfCommand, AMistakeChangesNothingAndLeavesTheLink) {
  const std::string token = new_token();
  const std::string before = dump();
  for (const server::SetupAnswers& answers : {server::SetupAnswers{"bad", "example.com", ""},
                                              {kKey, "bad domain", ""},
                                              {kKey, "", ""},
                                              {kKey, "example.com", "bad address"},
                                              {"", "example.com", ""}}) {
    const auto refused = use(token, answers);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::invalid_argument) << refused.error().message();
  }
  EXPECT_EQ(dump(), before);
  EXPECT_TRUE(use(token, {kKey, "none", ""}));
}

TEST_F(SetupLinkOfCommand, OthersAreNone) {
  const std::string first = new_token();
  const std::string second = new_token();
  EXPECT_FALSE(*platform_->setup.opens(first));
  EXPECT_TRUE(*platform_->setup.opens(second));
  EXPECT_FALSE(*platform_->setup.opens(""));
  EXPECT_FALSE(*platform_->setup.opens(second + "0"));
  EXPECT_EQ(use(first, {kKey, "none", ""}).error().code(), Errc::not_found);
  restart_daemon();
  EXPECT_TRUE(*platform_->setup.opens(second));
}

}  // namespace
}  // namespace dokku::cli
