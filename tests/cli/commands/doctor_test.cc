#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "fixture.h"

namespace dokku::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DoctorCommand : public CommandsTest {
 protected:
  static constexpr const char* kKey =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f x";
  void SetUp() override {
    CommandsTest::SetUp();
    FakeSession session;
    session.stdin_ = kKey;
    ASSERT_EQ(run_in(session, {"ssh-keys:add", "alice"}).status, 0);
  }
};

TEST_F(DoctorCommand, AllGoodIsStatusZeroAndALinePerCheck) {
  const Outcome well = run("doctor");
  EXPECT_EQ(well.status, 0) << well;
  EXPECT_THAT(well.out, HasSubstr("-----> containerd: containerd 0.0-fake answers\n"));
  EXPECT_THAT(well.out, HasSubstr("-----> ports: all are listened on: http 80, https 443, ssh 22"));
  EXPECT_THAT(well.out, HasSubstr("       domains: no domain is set"));  // a note is no error
  EXPECT_THAT(well.out, Not(HasSubstr(" !     ")));
}

TEST_F(DoctorCommand, SomethingWrongIsStatusOneWithWhatMendsIt) {
  host_.space.free_bytes = 1 << 20;
  const Outcome ill = run("doctor");
  EXPECT_EQ(ill.status, 1);
  EXPECT_THAT(ill.out, HasSubstr(" !     disk: the disk of "));
  EXPECT_THAT(ill.out, HasSubstr("; mend: dokku disk:report, dokku cleanup --caches\n"));
}

TEST_F(DoctorCommand, ProgramsGetAList) {
  networks_.set_health({false, true, {}, {}});
  const Outcome ill = run("doctor", "--format", "json");
  EXPECT_EQ(ill.status, 1);
  const auto list = nlohmann::json::parse(ill.out);
  bool found = false;
  for (const auto& one : list) {
    EXPECT_EQ(one.size(), 4U);
    found = found || (one["check"] == "network" && one["state"] == "wrong" &&
                      one["mend"] == "dokku doctor:mend");
  }
  EXPECT_TRUE(found) << ill;
  EXPECT_EQ(run("doctor", "--format", "xml").status, 1);
}

TEST_F(DoctorCommand, MendRemovesWhatNoAppOwns) {
  ASSERT_TRUE(networks_.attach(*runtime::ContainerId::parse("gone.web.1.r1")));
  EXPECT_EQ(run("doctor").status, 1);
  must("doctor:mend");
  EXPECT_EQ(run("doctor").status, 0);
}

TEST_F(DoctorCommand, AKeyForSomeAppsSeesTheirDomainsAlone) {
  must("apps:create", "blog");
  must("ssh-keys:set", "alice", "apps", "blog");
  const Result<server::PublicKey> key = server::PublicKey::parse(kKey);
  ASSERT_TRUE(key);
  FakeSession session;
  session.caller_ = {Caller::Kind::key, key->fingerprint().str(), "dokku"};
  EXPECT_EQ(run_in(session, {"doctor"}).out.find("containerd"), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
