#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "running_app.h"

namespace dokku::cli {
namespace {

using ::testing::HasSubstr;

class ReleasesCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
  void push_twice() {
    must("config:set", "blog", "COLOR=blue");
    push("blog", {{"web", "run one"}}, "tree one");
    must("config:set", "--no-restart", "blog", "COLOR=red");
    push("blog", {{"web", "run two"}}, "tree two");
  }
};

TEST_F(ReleasesCommands, AreListedTheNewestFirst) {
  EXPECT_EQ(run("releases:list", "blog"),
            (Outcome{0, "", " !     App blog has not been deployed\n"}));
  push_twice();
  const std::string all = run("releases", "blog").out;
  EXPECT_EQ(all, run("releases:list", "blog").out);
  EXPECT_THAT(all, HasSubstr("Release"));
  EXPECT_LT(all.find("live"), all.find("retired"));
  const auto list = nlohmann::json::parse(run("releases:list", "blog", "--format", "json").out);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["number"], "2");
  EXPECT_EQ(list[1]["config-version"], "1");
  EXPECT_EQ(
      nlohmann::json::parse(run("releases:list", "blog", "--num", "1", "--format", "json").out)
          .size(),
      1U);
}

TEST_F(ReleasesCommands, OneHasItsFacts) {
  EXPECT_EQ(run("releases:info", "blog").status, 1);
  push_twice();
  EXPECT_THAT(run("releases:info", "blog").out, HasSubstr("=====> blog release information\n"));
  const auto first =
      nlohmann::json::parse(run("releases:info", "blog", "1", "--format", "json").out);
  EXPECT_EQ(first["state"], "retired");
  EXPECT_EQ(first["processes"], "web");
  EXPECT_EQ(run("releases:info", "blog", "9"),
            (Outcome{1, "",
                     " !     No release 9 of blog is kept\n"
                     " !     See them: dokku releases:list blog\n"}));
  EXPECT_EQ(run("releases:info", "blog", "newest").err,
            " !     newest is no number of a release\n");
}

TEST_F(ReleasesCommands, ARollbackBringsBackImageAndConfigAndSaysSo) {
  push_twice();
  const Outcome back = run("rollback", "blog");
  EXPECT_EQ(back.status, 0) << back;
  EXPECT_THAT(back.out, HasSubstr("-----> Rolling back blog to release 1 (aaaaaaaa)...\n"));
  EXPECT_THAT(back.out, HasSubstr("=====> Application deployed:\n"));
  EXPECT_EQ(run("config:get", "blog", "COLOR").out, "blue\n");
  EXPECT_THAT(run("config:history", "blog").out, HasSubstr("releases:rollback"));
  EXPECT_THAT(run("events", "blog").out, HasSubstr("releases:rollback"));
  EXPECT_EQ(containers_.spec("blog.web.1.r3")->image.str(), "dokku/blog:r1");
  must("releases:rollback", "blog", "v2");
  EXPECT_EQ(run("config:get", "blog", "COLOR").out, "red\n");
}

TEST_F(ReleasesCommands, ARollbackOfALockedOrUnknownAppIsRefused) {
  push_twice();
  must("apps:lock", "blog");
  EXPECT_THAT(run("releases:rollback", "blog").err, HasSubstr("deploy lock in place"));
  EXPECT_EQ(run("releases:rollback", "nope").status, 20);
  EXPECT_EQ(run("releases:rollback", "blog", "1", "2").status, 1);
}

}  // namespace
}  // namespace dokku::cli
