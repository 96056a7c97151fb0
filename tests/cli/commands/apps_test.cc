#include "fixture.h"

namespace dokku::cli {
namespace {

using AppsCommands = CommandsTest;

TEST_F(AppsCommands, CreateSaysWhatDokkuSays) {
  EXPECT_EQ(run("apps:create", "blog"),
            (Outcome{0, "-----> Creating blog...\n-----> Creating new app virtual host file...\n",
                     " !     No web listeners specified for blog\n"}));
  EXPECT_EQ(run("apps:create", "blog"), (Outcome{1, "", " !     Name is already taken\n"}));
}

TEST_F(AppsCommands, CreateRefusesOtherNames) {
  const std::string line =
      " !     App name must begin with lowercase alphanumeric character, and may only contain "
      "lowercase alphanumerics, dots, and hyphens\n";
  for (const char* name : {"Blog", "../etc", "a_b", "a b", "$(id)", ".a"}) {
    EXPECT_EQ(run("apps:create", name), (Outcome{1, "", line})) << name;
  }
}

TEST_F(AppsCommands, ListIsSortedAndEmptyIsNoFailure) {
  EXPECT_EQ(run("apps:list"),
            (Outcome{0, "", " !     You haven't deployed any applications yet\n"}));
  EXPECT_EQ(run("apps:list", "--format", "json"), (Outcome{0, "[]\n", ""}));
  must("apps:create", "zebra");
  must("apps:create", "ant");
  EXPECT_EQ(run("apps:list"), (Outcome{0, "=====> My Apps\nant\nzebra\n", ""}));
  EXPECT_EQ(run("--quiet", "apps:list"), (Outcome{0, "ant\nzebra\n", ""}));
  EXPECT_EQ(run("apps"), (Outcome{0, "=====> My Apps\nant\nzebra\n", ""}));
  EXPECT_EQ(run("apps", "list", "--format=json"), (Outcome{0, "[\"ant\",\"zebra\"]\n", ""}));
}

TEST_F(AppsCommands, ExistsTellsByItsStatus) {
  EXPECT_EQ(run("apps:exists", "blog"), (Outcome{20, "", " !     App blog does not exist\n"}));
  must("apps:create", "blog");
  EXPECT_EQ(run("apps:exists", "blog"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("--app", "blog", "apps:exists"), (Outcome{0, "", ""}));
}

TEST_F(AppsCommands, DestroyAsksForTheName) {
  must("apps:create", "blog");
  FakeSession wrong;
  wrong.answers = {"other"};
  EXPECT_EQ(run_in(wrong, {"apps:destroy", "blog"}),
            (Outcome{1, "",
                     " !     WARNING: Potentially Destructive Action\n"
                     " !     This command will destroy application blog.\n"
                     " !     To proceed, type \"blog\"\n\n> "
                     " !     Confirmation did not match test. Aborted.\n"}));
  must("apps:exists", "blog");
  FakeSession right;
  right.answers = {"blog"};
  EXPECT_EQ(run_in(right, {"delete", "blog"}).out,
            "-----> Destroying blog (including all add-ons)\n-----> Cleaning up...\n"
            "-----> Retiring old containers and images\n");
  EXPECT_EQ(lifecycle_.taken(), std::vector<std::string>{"tear down blog"});
  EXPECT_EQ(run("apps:exists", "blog").status, 20);
  EXPECT_FALSE(std::filesystem::exists(instance_.home_dir / "blog"));
}

TEST_F(AppsCommands, ForceDoesNotAsk) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--force", "apps:destroy", "blog"},
        {"apps:destroy", "--force", "blog"},
        {"apps:destroy", "blog", "-f"}}) {
    must("apps:create", "blog");
    FakeSession session;
    EXPECT_EQ(run_in(session, words).status, 0);
  }
}

TEST_F(AppsCommands, LockIsKept) {
  must("apps:create", "blog");
  EXPECT_EQ(run("apps:locked", "blog"), (Outcome{1, "", " !     Deploy lock does not exist\n"}));
  EXPECT_EQ(run("apps:unlock", "blog"), (Outcome{1, "", " !     Unable to remove deploy lock\n"}));
  EXPECT_EQ(run("apps:lock", "blog"), (Outcome{0, "-----> Deploy lock created\n", ""}));
  EXPECT_EQ(run("apps:locked", "blog"), (Outcome{0, "Deploy lock exists\n", ""}));
  EXPECT_EQ(run("apps:unlock", "blog").status, 0);
}

TEST_F(AppsCommands, AutocreationCanBeSwitchedOff) {
  const server::AppName name = server::AppName::parse("pushed").value();
  EXPECT_EQ(run("apps:set", "--global", "disable-autocreation", "true").out,
            "=====> Setting disable-autocreation to true\n");
  EXPECT_EQ(run("apps:report", "--global", "--app-global-disable-autocreation").out, "true\n");
  const auto refused = platform_->apps.find_or_create(name);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "App auto-creation disabled.");
  must("apps:set", "--global", "disable-autocreation");
  EXPECT_TRUE(platform_->apps.find_or_create(name));
  EXPECT_EQ(run("apps:report", "--global", "--app-global-disable-autocreation").out, "\n");
  EXPECT_EQ(run("apps:set", "--global", "deploy-source", "git").err,
            " !     Property cannot be specified globally\n");
  EXPECT_EQ(run("apps:set", "pushed", "disable-autocreation", "true").err,
            " !     Property can only be specified globally\n");
}

TEST_F(AppsCommands, ReportHasOneColumnOfValues) {
  must("apps:create", "blog");
  deploy("blog");
  const Outcome report = run("apps:report", "blog");
  EXPECT_EQ(report.status, 0);
  EXPECT_NE(report.out.find("=====> blog app information\n"), std::string::npos);
  EXPECT_NE(report.out.find("       App deploy source:               git-push\n"),
            std::string::npos)
      << report.out;
  EXPECT_EQ(run("apps:report", "blog", "--app-locked"), (Outcome{0, "false\n", ""}));
  EXPECT_EQ(run("apps:report", "blog", "--nonsense").err,
            " !     Invalid flag passed, valid flags: --app-created-at, --app-deploy-source, "
            "--app-deploy-source-metadata, --app-dir, --app-global-disable-autocreation, "
            "--app-locked\n");
  EXPECT_EQ(run("apps:report", "nobody"), (Outcome{20, "", " !     App nobody does not exist\n"}));
}

// One caller destroys, another creates under the same name: their files are written in any order.
TEST_F(AppsCommands, FilesFollowWhatIsTrueWhoeverComesLast) {
  must("domains:set-global", "example.com");
  must("apps:create", "blog");
  const server::App app = *platform_->apps.find("blog");
  const auto folder = instance_.home_dir / "blog";
  platform_->mirror.remove(app.name);
  EXPECT_TRUE(std::filesystem::exists(folder / "VHOST"));
  must("--force", "apps:destroy", "blog");
  platform_->mirror.write(app);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace dokku::cli
