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

}  // namespace
}  // namespace dokku::cli
