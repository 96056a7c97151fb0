#include "running_app.h"

namespace dokku::cli {
namespace {

using BuilderCommands = CommandsTest;

TEST_F(BuilderCommands, OnlyWhatIsThereCanBeSelected) {
  must("apps:create", "blog");
  EXPECT_EQ(run("builder:set", "blog", "selected", "herokuish"),
            (Outcome{0, "=====> Setting selected to herokuish\n", ""}));
  EXPECT_EQ(run("builder:set", "blog", "selected"),
            (Outcome{0, "=====> Unsetting selected\n", ""}));
  for (const char* later : {"dockerfile", "pack", "lambda", "nixpacks", "railpack"}) {
    const Outcome refused = run("builder:set", "blog", "selected", later);
    EXPECT_EQ(refused.status, 1) << later;
    EXPECT_NE(refused.err.find("is not there yet"), std::string::npos) << refused;
  }
  EXPECT_EQ(run("builder:set", "blog", "selected", "magic").status, 1);
  EXPECT_EQ(run("builder:report", "blog", "--builder-computed-selected").out, "\n");
}

TEST_F(BuilderCommands, BuildDirIsAFolderOfTheRepository) {
  must("apps:create", "blog");
  EXPECT_EQ(run("builder:set", "blog", "build-dir", "./services//web/").out,
            "=====> Setting build-dir to services/web\n");
  EXPECT_EQ(run("builder:report", "blog", "--builder-build-dir").out, "services/web\n");
  must("builder:set", "--global", "build-dir", "app");
  EXPECT_EQ(run("builder:report", "blog", "--builder-computed-build-dir").out, "services/web\n");
  must("builder:set", "blog", "build-dir", "");
  EXPECT_EQ(run("builder:report", "blog", "--builder-computed-build-dir").out, "app\n");
  for (const char* bad : {"/etc", "..", "../x", "a/../../x", ".", "./", "a\nb"}) {
    EXPECT_EQ(run("builder:set", "blog", "build-dir", bad).status, 1) << bad;
  }
  EXPECT_EQ(run("builder:set", "blog", "skip-cleanup", "true").status, 1);
}

using BuildsOfAnApp = RunningAppTest;

TEST_F(BuildsOfAnApp, PacksBuildOnlyWhereTheyAreAllowed) {
  must("apps:create", "blog");
  must("builder-herokuish:set", "--global", "allowed", "false");
  EXPECT_EQ(run("builder-herokuish:report", "blog", "--builder-herokuish-computed-allowed").out,
            "false\n");
  push("blog", {{"web", "node server.js"}}, "tree", true);
  EXPECT_EQ(pushed_.status, 1);
  EXPECT_NE(pushed_.err.find("dokku builder-herokuish:set blog allowed true"), std::string::npos);
  must("builder-herokuish:set", "blog", "allowed", "true");
  push("blog", {{"web", "node server.js"}});
}

TEST_F(BuildsOfAnApp, SeeWhatIsSet) {
  must("apps:create", "blog");
  must("builder:set", "blog", "build-dir", "services/web");
  must("git:set", "blog", "keep-git-dir", "true");
  push("blog", {{"web", "serve"}});
  EXPECT_EQ(builder_.requests().back().build_dir, "services/web");
  EXPECT_TRUE(builder_.requests().back().keep_git_dir);
  // The same tree, and another part of it: not unchanged.
  must("builder:set", "blog", "build-dir", "");
  push("blog", {{"web", "serve"}});
  EXPECT_EQ(builder_.requests().size(), 2U);
  EXPECT_EQ(builder_.requests().back().build_dir, "");
  push("blog", {{"web", "serve"}});
  EXPECT_EQ(builder_.requests().size(), 2U);
}

}  // namespace
}  // namespace dokku::cli
