#include "buildstep/buildpack/pushed_tree.h"

#include "executor_world.h"

namespace dokku::buildstep {
namespace {

class PartOfATree : public Executor {
 protected:
  void SetUp() override {
    Executor::SetUp();
    app("services/web/Procfile", "web: from the part\n");
    app("services/web/app.json", "{}");
    app("Procfile", "web: from the whole\n");
    pack("compile", "cd \"$1\" && ls -a | tr '\\n' ' '");
    request_.build_dir = "services/web";
  }
};

TEST_F(PartOfATree, IsTheTreeThatPacksSee) {
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->processes.at("web"), "from the part");
  EXPECT_TRUE(result->files.contains("app.json"));
  EXPECT_THAT(output_.text, HasSubstr("app.json"));
  EXPECT_THAT(output_.text, Not(HasSubstr("services")));
}

TEST_F(PartOfATree, ThatIsMissingFailsTheBuildByName) {
  for (const char* dir : {"services/api", "Procfile", "services/web/Procfile/x", "link"}) {
    std::error_code ignored;
    fs::create_directory_symlink("services/web", root_ / "app/link", ignored);
    request_.build_dir = dir;
    EXPECT_EQ(bad_build(), std::string("The build-dir ") + dir +
                               " is no folder of the pushed tree\nSet another: dokku builder:set "
                               "blog build-dir DIR");
  }
}

TEST_F(PartOfATree, WhereItCameFromGoesUnlessItIsKept) {
  request_.build_dir.clear();
  app(".git/HEAD", "ref: refs/heads/main\n");
  EXPECT_THAT(good_build(), Not(HasSubstr(".git")));
  request_.keep_git_dir = true;
  EXPECT_THAT(good_build(), HasSubstr(".git"));
  fs::remove_all(root_ / "app/.git");
  EXPECT_THAT(good_build(), HasSubstr(" !     No .git came with this source"));
}

}  // namespace
}  // namespace dokku::buildstep
