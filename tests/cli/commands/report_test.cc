#include "fixture.h"

namespace dokku::cli {
namespace {

using ReportCommand = CommandsTest;

TEST_F(ReportCommand, HasEveryTopicOfAnApp) {
  must("apps:create", "blog");
  must("apps:create", "other");
  const Outcome one = run("report", "blog");
  EXPECT_EQ(one.status, 0) << one;
  EXPECT_NE(one.out.find("-----> uname: Linux "), std::string::npos) << one;
  for (const char* topic : {"app", "checks", "git", "logs", "ps", "resource", "storage"}) {
    EXPECT_NE(one.out.find("=====> blog " + std::string(topic) + " information"),
              std::string::npos)
        << topic << "\n"
        << one;
  }
  EXPECT_EQ(one.out.find("other"), std::string::npos);
  EXPECT_NE(run("report", "--all").out.find("=====> other ps information"), std::string::npos);
  EXPECT_EQ(run("report", "nobody").status, 20);
}

TEST_F(ReportCommand, CanBePassedOnSinceItShowsNoSecret) {
  must("apps:create", "blog");
  must("config:set", "--no-restart", "blog", "TOKEN=hunter2hunter2");
  must("buildpacks:add", "blog", "https://me:s3cretpass@git.example.com/pack.git");
  must("git:set", "blog", "deploy-branch", "hunter2hunter2");
  const Outcome one = run("report", "blog");
  EXPECT_EQ(one.status, 0) << one;
  EXPECT_EQ(one.out.find("hunter2"), std::string::npos) << one;
  EXPECT_EQ(one.out.find("s3cretpass"), std::string::npos) << one;
  EXPECT_NE(one.out.find("https://me:****@git.example.com"), std::string::npos) << one;
}

TEST_F(ReportCommand, TellsWhatTheDoctorFound) {
  networks_.set_health({false, true, {}, {}});
  EXPECT_NE(run("report").out.find(" !     network: IPv4 forwarding is off"), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
