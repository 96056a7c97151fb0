#include "buildstep/buildpack/submodules.h"

#include <gmock/gmock.h>

#include "buildstep/git/tree_tar.h"
#include "executor_world.h"

namespace dokku::buildstep {
namespace {

using Urls = std::map<std::string, std::string>;

TEST(Gitmodules, AreReadAsGitWritesThem) {
  EXPECT_EQ(parse_gitmodules("[submodule \"a\"]\n\tpath = libs/a\n\turl = https://x.test/a.git\n"
                             "# no\n[submodule \"b\"]\r\n  url=\"git@x.test:b.git\"\r\n"
                             "  path=b\r\n  branch = main\r\n"),
            (Urls{{"libs/a", "https://x.test/a.git"}, {"b", "git@x.test:b.git"}}));
}

TEST(Gitmodules, LeadNowhereElse) {
  EXPECT_EQ(parse_gitmodules("[submodule \"x\"]\npath = ../x\nurl = u\n[submodule \"y\"]\n"
                             "path = /etc\nurl = u\n[submodule \"z\"]\npath = a/../../b\n"
                             "url = u\n[submodule \"w\"]\npath = only\n[submodule \"v\"]\n"
                             "url = u\n\x00\xff"),
            Urls{});
}

TEST(SubmodulesFile, HasACommitAndAPathInEachLine) {
  const std::string id(40, 'a');
  const auto found = parse_submodules_file(id + " libs/a\n" + id + " b c\nshort x\n" + id + "\n" +
                                           id + " ../out\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, "libs/a");
  EXPECT_EQ(found[0].commit, id);
  EXPECT_EQ(found[1].path, "b c");
}

class Submodules : public Executor {
 protected:
  void SetUp() override {
    Executor::SetUp();
    app("Procfile", "web: x\n");
    app(kSubmodulesFile, std::string(40, 'a') + " sub\n");
    fs::create_directories(root_ / "app/sub");
  }
  void comes_from(const std::string& url) {
    app(".gitmodules", "[submodule \"s\"]\n\tpath = sub\n\turl = " + url + "\n");
  }
};

TEST_F(Submodules, WithoutAnAddressIsLeftEmptyAndSaidSo) {
  pack("compile", "ls -a \"$1\"; ls \"$1/sub\" | wc -l");
  const std::string said = good_build();
  EXPECT_THAT(said, HasSubstr(" !     The submodule sub is left empty: .gitmodules does not say"));
  EXPECT_THAT(said, Not(HasSubstr(kSubmodulesFile)));
}

TEST_F(Submodules, AreNotFetchedFromThisMachine) {
  for (const std::string url : {"file:///etc", "/etc", "../other.git", "ext::sh -c id"}) {
    comes_from(url);
    EXPECT_THAT(bad_build(), HasSubstr("Cannot fetch the submodule sub: its URL, " + url));
  }
}

TEST_F(Submodules, ThatNobodyAnswersForFailTheBuildByName) {
  comes_from("git://127.0.0.1:1/x.git");
  const std::string message = bad_build();
  EXPECT_THAT(message, HasSubstr("Cannot fetch the submodule sub: git://127.0.0.1:1/x.git"));
  EXPECT_THAT(output_.text, HasSubstr("-----> Fetching submodule sub ("));
  EXPECT_TRUE(fs::is_empty(root_ / "cache/submodules"));
}

}  // namespace
}  // namespace dokku::buildstep
