#include "fixture.h"

namespace dokku::cli {
namespace {

class ConfigCommands : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("apps:create", "blog");
  }
};

TEST_F(ConfigCommands, SetShowsRowsAndGetGivesTheValueBack) {
  EXPECT_EQ(
      run("config:set", "blog", "A=1", "LONGER=two words"),
      (Outcome{0, "-----> Setting config vars\n       A:       1\n       LONGER:  two words\n",
               ""}));
  EXPECT_EQ(run("config:get", "blog", "LONGER"), (Outcome{0, "two words\n", ""}));
  EXPECT_EQ(run("config:show", "blog"),
            (Outcome{0, "=====> blog env vars\nA:       1\nLONGER:  two words\n", ""}));
  EXPECT_EQ(run("config", "blog"), run("config:show", "blog"));
  EXPECT_EQ(run("--quiet", "config:show", "blog").out, "A:       1\nLONGER:  two words\n");
  EXPECT_EQ(run("config:keys", "blog").out, "A\nLONGER\n");
}

TEST_F(ConfigCommands, EmptyAndUnset) {
  EXPECT_EQ(run("config:show", "blog"), (Outcome{0, "=====> blog env vars\n\n", ""}));
  EXPECT_EQ(run("config:get", "blog", "A"), (Outcome{1, "", ""}));
  must("config:set", "blog", "A=1");
  EXPECT_EQ(run("config:unset", "blog", "A", "B"),
            (Outcome{0,
                     "-----> Unsetting A\n"
                     "-----> Skipping B, it is not set in the environment\n",
                     ""}));
  EXPECT_EQ(run("config:get", "blog", "A").status, 1);
}

TEST_F(ConfigCommands, WrongArgumentsChangeNothing) {
  const std::string before = dump();
  EXPECT_EQ(run("config:set", "blog").err, " !     At least one env pair must be given\n");
  EXPECT_EQ(run("config:set", "blog", "A=1", "B").err, " !     Invalid env pair: B\n");
  EXPECT_EQ(run("config:set", "blog", "A=1", "1B=2").err, " !     Invalid key name: '1B'\n");
  EXPECT_EQ(run("config:unset", "blog").err, " !     At least one key must be given\n");
  EXPECT_EQ(run("config:get", "blog").err, " !     Expected: key\n");
  EXPECT_EQ(run("config:get", "blog", "A", "B", "C").err, " !     Unexpected argument(s): [B C]\n");
  EXPECT_EQ(run("config:set", "blog", "--bogus", "A=1").status, 2);
  EXPECT_EQ(run("config:set").err, " !     Please specify an app to run the command on\n");
  EXPECT_EQ(run("config:set", "nobody", "A=1").status, 20);
  EXPECT_EQ(dump(), before);
}

TEST_F(ConfigCommands, ChangesRestartWhatRunsAndEqualValuesDoNot) {
  must("config:set", "blog", "A=1");
  EXPECT_TRUE(lifecycle_.taken().empty());
  deploy("blog");
  EXPECT_EQ(run("--quiet", "config:set", "blog", "A=2").out,
            "-----> Restarting app blog\n-----> Deploying\n");
  EXPECT_EQ(lifecycle_.taken(), std::vector<std::string>{"restart blog config:set root"});
  must("config:set", "blog", "A=2");
  must("config:set", "--no-restart", "blog", "A=3");
  must("config:set", "--global", "A=4");
  EXPECT_TRUE(lifecycle_.taken().empty());
}

TEST_F(ConfigCommands, FailedRestartKeepsTheValueAndSaysSo) {
  deploy("blog");
  lifecycle_.next = fail(Errc::internal, "it exited with 1");
  const Outcome outcome = run("config:set", "blog", "A=2");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            " !     Failure while restarting app: it exited with 1\n"
            " !     The change is kept, and what runs still has the old values. Take it back: "
            "dokku config:undo blog\n");
  EXPECT_EQ(run("config:get", "blog", "A").out, "2\n");
}

TEST_F(ConfigCommands, BytesComeBackAsTheyWere) {
  const std::string value = "line one\nline \"two\" 'three' $(no) `no` \\ end\xff";
  must("config:set", "blog", "V=" + value);
  EXPECT_EQ(run("config:get", "blog", "V").out, value + "\n");
  must("config:set", "--encoded", "blog", "W=QUI=");
  EXPECT_EQ(run("config:get", "blog", "W").out, "AB\n");
  EXPECT_EQ(run("config:set", "--encoded", "blog", "W=?").err,
            " !     The value of W is not base64\n");
}

TEST_F(ConfigCommands, ValueWithANulByteIsRefused) {
  const std::string before = dump();
  EXPECT_EQ(run("config:set", "--encoded", "blog", "W=AAA=").status, 1);
  EXPECT_EQ(dump(), before);
}

TEST_F(ConfigCommands, BundleIsATarOfFiles) {
  must("config:set", "--global", "G=1");
  must("config:set", "blog", "A=1");
  const Outcome bundle = run("config:bundle", "blog");
  EXPECT_EQ(bundle.status, 0);
  EXPECT_EQ(bundle.out.size(), 2048U);
  EXPECT_EQ(run("config:bundle", "--merged", "blog").out.size(), 3072U);
}

TEST_F(ConfigCommands, BareConfigExplainsTheTopic) {
  EXPECT_EQ(run("config"), run("config:help"));
  EXPECT_EQ(run("config", "blog").out, "=====> blog env vars\n\n");
}

TEST_F(ConfigCommands, GlobalIsUnderTheAppsOwn) {
  must("config:set", "--global", "A=global", "B=global");
  must("config:set", "blog", "A=own");
  EXPECT_EQ(run("config:show", "--merged", "blog").out,
            "=====> blog env vars\nA:  own\nB:  global\n");
  EXPECT_EQ(run("config:keys", "blog").out, "A\n");
}

TEST_F(ConfigCommands, ExportsInEachFormat) {
  must("config:set", "blog", "A=it's", "N=5", "V=a\nb \"$x\"");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"exports", "export A='it'\\''s'\nexport N='5'\nexport V='a\nb \"$x\"'\n"},
      {"envfile", "A=\"it's\"\nN=5\nV=\"a\\nb \\\"\\$x\\\"\"\n"},
      {"shell", "A='it'\\''s' N='5' V='a\nb \"$x\"' "},
      {"docker-args", "--env=A='it'\\''s' --env=N='5' --env=V='a\nb \"$x\"'\n"},
      {"docker-args-keys", "--env=A --env=N --env=V\n"},
      {"pack-keys", "--env A --env N --env V\n"},
      {"json", R"({"A":"it's","N":"5","V":"a\nb \"$x\""})"
               "\n"},
      {"json-list", R"([{"name":"A","value":"it's"},{"name":"N","value":"5"},)"
                    R"({"name":"V","value":"a\nb \"$x\""}])"
                    "\n"},
      {"pretty", "A:  it's\nN:  5\nV:  a\nb \"$x\"\n"}};
  for (const auto& [format, expected] : cases) {
    EXPECT_EQ(run("config:export", "--format", format, "blog"), (Outcome{0, expected, ""}))
        << format;
  }
  EXPECT_EQ(run("config:export", "--format", "xml", "blog").err,
            " !     Unknown export format: xml\n");
}

TEST_F(ConfigCommands, WhatIsExportedCanBeImported) {
  must("config:set", "blog", "A=it's", "N=5", "V=a\nb \"$x\" \\ `y`!");
  const std::string before = run("config:export", "--format", "json", "blog").out;
  for (const auto& [out, in] : {std::pair("exports", "envfile"), std::pair("envfile", "envfile"),
                                std::pair("json", "json")}) {
    FakeSession session;
    session.stdin_ = run("config:export", "--format", out, "blog").out;
    must("config:clear", "blog");
    EXPECT_EQ(run_in(session, {"config:import", "--format", in, "blog", "-"}).status, 0) << out;
    EXPECT_EQ(run("config:export", "--format", "json", "blog").out, before) << out;
  }
}

TEST_F(ConfigCommands, ImportReadsACallersFileAndReplaces) {
  must("config:set", "blog", "OLD=1");
  FakeSession session;
  session.files["my.env"] = "# comment\nexport NEW='2'\n";
  EXPECT_EQ(run_in(session, {"config:import", "--replace", "blog", "my.env"}).status, 0);
  EXPECT_EQ(run("config:keys", "blog").out, "NEW\n");
  FakeSession empty;
  EXPECT_EQ(run_in(empty, {"config:import", "blog", "-"}).err, " !     No config vars to set\n");
}

TEST_F(ConfigCommands, AFileThatIsNotThereIsNoMissingApp) {
  const Outcome missing = run("config:import", "blog", "/nowhere.env");
  EXPECT_EQ(missing.status, 1) << missing;
  EXPECT_NE(missing.err.find(" !     Cannot read it: "), std::string::npos) << missing;
}

TEST_F(ConfigCommands, TheShellFormOf2013) {
  must("config:set", "blog", "A=it's", "B=2");
  EXPECT_EQ(run("config", "blog", "--shell").out, "A='it'\\''s' B='2' \n");
}

TEST_F(ConfigCommands, ALineOfAnImportedValueIsNoStep) {
  FakeSession session;
  session.stdin_ = "A=\"one\\ntwo\"\n";
  const Outcome imported = run_in(session, {"config:import", "blog", "-"});
  EXPECT_NE(imported.out.find("-----> Setting config var A=one\ntwo\n"), std::string::npos)
      << imported;
}

}  // namespace
}  // namespace dokku::cli
