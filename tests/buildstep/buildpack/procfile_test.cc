#include "buildstep/buildpack/procfile.h"

#include <gtest/gtest.h>

namespace dokku::buildstep {
namespace {

TEST(Procfile, ReadsTypesAndCommands) {
  const auto read = parse_procfile("web: run --port $PORT # note\r\n# comment\n\nmy_worker-2:\tx");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, (Processes{{"web", "run --port $PORT # note"}, {"my_worker-2", "x"}}));
}

TEST(Procfile, NamesTheLineThatIsWrong) {
  EXPECT_EQ(parse_procfile("web: a\nweb: b").error().message(),
            "Procfile: process names must be unique, line 2");
  EXPECT_EQ(parse_procfile("# x\nnonsense").error().message(),
            "Procfile: expected 'type: command', with letters, digits, - and _ in type, line 2");
  EXPECT_EQ(parse_procfile("web:  ").error().message(), "Procfile: no command for 'web', line 1");
}

TEST(BuildpacksFile, SkipsWhatIsNoPack) {
  const auto packs = parse_buildpacks_file("# x\r\nhttps://a/b#v1\r\n\r\n  git@github.com:o/n.git");
  ASSERT_EQ(packs.size(), 2U);
  EXPECT_EQ(packs[0], (PackSource{"https://a/b", "v1"}));
  EXPECT_EQ(packs[1].shown(), "o/n");
}

TEST(PackSource, IsShownWithoutCredentials) {
  EXPECT_EQ(PackSource::parse("https://me:token@host/x.git").shown(), "https://host/x.git");
  EXPECT_EQ(PackSource::parse("https://github.com/heroku/heroku-buildpack-go").shown(),
            "heroku/heroku-buildpack-go");
}

TEST(PackSource, KnowsArchives) {
  EXPECT_TRUE(PackSource::parse("https://h/p.tgz?x=1").is_archive());
  EXPECT_TRUE(PackSource::parse("/srv/p.tar.bz2").is_archive());
  EXPECT_FALSE(PackSource::parse("https://h/p.git").is_archive());
}

TEST(DotEnv, ReadsTheOldForms) {
  EXPECT_EQ(parse_dot_env("# x\nexport A=1\nB=\"two \\\"2\\\"\"\nC='$x'\nrubbish\n1X=3\nD=a=b\r\n"),
            (std::map<std::string, std::string>{
                {"A", "1"}, {"B", "two \"2\""}, {"C", "$x"}, {"D", "a=b"}}));
}

}  // namespace
}  // namespace dokku::buildstep
