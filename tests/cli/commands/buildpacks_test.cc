#include "base/io.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

using Words = std::vector<std::string>;
constexpr const char* kOwn = "https://example.com/own-pack.git#v2";

class BuildpacksCommands : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    instance_.helpers_dir = folder_ / "bin";
    std::filesystem::create_directories(instance_.helpers_dir / "packs/node");
    must("apps:create", "blog");
  }
  std::string listed() { return run("--quiet", "buildpacks:list", "blog").out; }
  // What the next build is told.
  Words built_with(const std::string& tree) {
    FakeSession session;
    auto pipe = make_pipe();
    EXPECT_TRUE(write_all(pipe->write.get(), tree));
    pipe->write.reset();
    session.descriptors.push_back(std::move(pipe->read));
    EXPECT_EQ(run_in(session, {"git-hook", "blog", std::string(40, '0'), std::string(40, 'a'),
                               "refs/heads/main"})
                  .status,
              0);
    return builder_.requests().back().buildpacks;
  }
};

TEST_F(BuildpacksCommands, AddSetRemoveClearKeepTheOrder) {
  EXPECT_EQ(run("buildpacks:add", "blog", "heroku/nodejs"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("buildpacks:add", "--index", "1", "blog", kOwn), (Outcome{0, "", ""}));
  must("buildpacks:add", "blog", "node");
  const std::string nodejs = "https://github.com/heroku/heroku-buildpack-nodejs.git";
  EXPECT_EQ(run("buildpacks:list", "blog"),
            (Outcome{0,
                     "-----> blog buildpack urls\n       " + std::string(kOwn) + "\n       " +
                         nodejs + "\n       node\n",
                     ""}));
  must("buildpacks:set", "--index", "3", "blog", "heroku-community/static");
  EXPECT_EQ(run("buildpacks:report", "blog", "--buildpacks-list").out,
            std::string(kOwn) + "," + nodejs +
                ",https://github.com/heroku/heroku-buildpack-static.git\n");
  EXPECT_EQ(run("buildpacks:remove", "blog", nodejs),
            (Outcome{0, "-----> Removing " + nodejs + "\n", ""}));
  EXPECT_EQ(run("buildpacks:remove", "--index", "1", "blog").out,
            "-----> Removing " + std::string(kOwn) + "\n");
  must("buildpacks:set", "--replace", "blog", "node", kOwn);
  EXPECT_EQ(listed(), "       node\n       " + std::string(kOwn) + "\n");
  EXPECT_EQ(run("buildpacks:clear", "blog"), (Outcome{0, "", ""}));
  EXPECT_EQ(listed(), "");
}

TEST_F(BuildpacksCommands, SetSaysWhichWordIsMissing) {
  EXPECT_NE(run("buildpacks:set", "--replace", "blog").err.find("dokku buildpacks:clear blog"),
            std::string::npos);
  EXPECT_NE(run("buildpacks:set", "--replace", "--index", "1", "blog", "node").err.find("--index"),
            std::string::npos);
  EXPECT_NE(run("buildpacks:set", "blog", "node", kOwn).err.find("--replace"), std::string::npos);
  must("buildpacks:add", "blog", folder_.string());
  EXPECT_EQ(run("buildpacks:add", "blog", "/nowhere").err,
            " !     Invalid buildpack specified: /nowhere\n"
            " !     There is no such folder on this server\n");
}

TEST_F(BuildpacksCommands, WhatIsNoPackIsRefusedByName) {
  const std::string before = dump();
  for (const char* pack : {"http://nodejs", "https://host/", "file://", "cobol", "other/nodejs",
                           "heroku/../x", "ftp://x", "a b", "$(id)"}) {
    const Outcome refused = run("buildpacks:add", "blog", pack);
    EXPECT_EQ(refused,
              (Outcome{1, "", " !     Invalid buildpack specified: " + std::string(pack) + "\n"}));
  }
  EXPECT_EQ(run("buildpacks:add", "blog").err, " !     Must specify a buildpack to add\n");
  EXPECT_EQ(run("buildpacks:remove", "blog").err,
            " !     Must specify a buildpack to remove, either by index or URL\n");
  EXPECT_EQ(run("buildpacks:remove", "--index", "1", "blog", "node").err,
            " !     Please choose either index or Buildpack, but not both\n");
  EXPECT_EQ(run("buildpacks:remove", "--index", "4", "blog").err,
            " !     Invalid index specified: 4\n");
  EXPECT_EQ(run("buildpacks:remove", "blog", "node").err, " !     Buildpack not found: node\n");
  EXPECT_EQ(run("buildpacks:add", "--index", "0", "blog", "node").status, 1);
  EXPECT_EQ(run("buildpacks:set-property", "blog", "stack", "heroku-18").status, 1);
  EXPECT_EQ(dump(), before);
}

TEST_F(BuildpacksCommands, TheNextBuildUsesThem) {
  EXPECT_EQ(built_with("one tree"), Words());
  must("buildpacks:set", "blog", "heroku/nodejs");
  must("buildpacks:add", "blog", kOwn);
  EXPECT_EQ(built_with("one tree"), (Words{"heroku/nodejs", kOwn}));  // the same tree is built anew
  must("builder:set", "blog", "selected", "null");
  EXPECT_EQ(built_with("one tree"), Words{"null"});
  EXPECT_EQ(run("builder:report", "blog", "--builder-computed-selected").out, "null\n");
  EXPECT_EQ(run("builder:report", "blog", "--builder-detected").out, "herokuish\n");
}

}  // namespace
}  // namespace dokku::cli
