#include "cli/commands/reports.h"

#include "fixture.h"

namespace dokku::cli {
namespace {

using Reports = CommandsTest;

TEST_F(Reports, OneAppAllAppsOneValueAndJson) {
  EXPECT_EQ(run("git:report"),
            (Outcome{0, "", " !     You haven't deployed any applications yet\n"}));
  must("apps:create", "a");
  must("apps:create", "b");
  const std::string all = run("git:report").out;
  EXPECT_LT(all.find("=====> a git information\n"), all.find("=====> b git information\n"));
  EXPECT_EQ(run("--quiet", "git:report", "a").out.find("====="), std::string::npos);
  EXPECT_EQ(run("git:report", "a", "--git-computed-rev-env-var"), (Outcome{0, "GIT_REV\n", ""}));
  EXPECT_EQ(run("git:report", "--git-computed-rev-env-var", "a").out, "GIT_REV\n");
  EXPECT_EQ(run("git:report", "a", "--format", "json").out.substr(0, 2), "{\"");
  EXPECT_EQ(run("git:report", "--global").status, 0);
}

TEST_F(Reports, MistakesAreNamed) {
  must("apps:create", "a");
  const std::string flag = run("apps:report", "a", "--nope").err;
  EXPECT_EQ(flag,
            " !     Invalid flag passed, valid flags: --app-created-at, --app-deploy-source, "
            "--app-deploy-source-metadata, --app-dir, --app-global-disable-autocreation, "
            "--app-locked\n");
  EXPECT_EQ(run("apps:report", "a", "b").err, " !     Unexpected argument(s): [b]\n");
  EXPECT_EQ(run("apps:report", "a", "--format", "xml").status, 1);
  EXPECT_EQ(run("apps:report", "a", "--format").status, 1);
  EXPECT_EQ(run("apps:report", "a", "--app-dir", "--format", "json").status, 1);
  EXPECT_EQ(run("apps:report", "nobody"), (Outcome{20, "", " !     App nobody does not exist\n"}));
}

}  // namespace
}  // namespace dokku::cli
