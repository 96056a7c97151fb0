#include "fixture.h"

namespace dokku::cli {
namespace {

class ConfigHistoryCommands : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("apps:create", "blog");
    must("config:set", "blog", "A=1", "SECRET=hunter2");
    must("config:set", "blog", "A=2", "NEW=3");
    must("config:unset", "blog", "SECRET");
  }
};

TEST_F(ConfigHistoryCommands, HistoryTellsKeysAndNoValues) {
  const Outcome shown = run("config:history", "blog");
  EXPECT_EQ(shown.status, 0);
  EXPECT_EQ(shown.out.rfind("=====> blog config history\nversion  when", 0), 0U) << shown;
  EXPECT_NE(shown.out.find("root  config:unset  -SECRET\n"), std::string::npos) << shown;
  EXPECT_NE(shown.out.find("root  config:set    A NEW\n"), std::string::npos) << shown;
  EXPECT_EQ(shown.out.find("hunter2"), std::string::npos);
  const Outcome json = run("config:history", "--format", "json", "-n", "1", "blog");
  EXPECT_NE(
      json.out.find(R"("command":"config:unset","keys":"-SECRET","version":"3","who":"root")"),
      std::string::npos)
      << json;
  EXPECT_EQ(json.out.find(R"("version":"2")"), std::string::npos);
}

TEST_F(ConfigHistoryCommands, DiffMasksValues) {
  EXPECT_EQ(run("config:diff", "blog"),
            (Outcome{0, "=====> blog config, version 2 to 3\n- SECRET  ******\n", ""}));
  EXPECT_EQ(run("config:diff", "blog", "0", "2"),
            (Outcome{0,
                     "=====> blog config, version 0 to 2\n+ A  ******\n+ NEW  ******\n"
                     "+ SECRET  ******\n",
                     ""}));
  EXPECT_EQ(run("--quiet", "config:diff", "--show-values", "blog", "1", "3"),
            (Outcome{0, "~ A  1  ->  2\n+ NEW  3\n- SECRET  hunter2\n", ""}));
  EXPECT_EQ(run("config:diff", "--format", "json", "blog", "2").out,
            "[{\"after\":\"\",\"before\":\"******\",\"change\":\"unset\",\"key\":\"SECRET\"}]\n");
}

TEST_F(ConfigHistoryCommands, OnlyAnAdministratorSeesTheValues) {
  FakeSession alice;
  alice.caller_ = {Caller::Kind::key, "SHA256:unknown", ""};
  EXPECT_NE(run_in(alice, {"config:diff", "--show-values", "blog"}).status, 0);
}

TEST_F(ConfigHistoryCommands, UndoTakesTheLastChangeBackAndCanBeUndone) {
  EXPECT_EQ(run("config:undo", "blog"), (Outcome{0, "-----> Restoring SECRET\n", ""}));
  EXPECT_EQ(run("config:get", "blog", "SECRET").out, "hunter2\n");
  EXPECT_EQ(run("config:undo", "blog"), (Outcome{0, "-----> Unsetting SECRET\n", ""}));
  EXPECT_EQ(
      run("config:undo", "blog", "1"),
      (Outcome{0, "-----> Unsetting NEW\n-----> Restoring A\n-----> Restoring SECRET\n", ""}));
  EXPECT_EQ(run("config:export", "blog").out, "export A='1'\nexport SECRET='hunter2'\n");
}

TEST_F(ConfigHistoryCommands, UndoRestartsWhatRuns) {
  deploy("blog");
  EXPECT_EQ(run("config:undo", "--no-restart", "blog").status, 0);
  EXPECT_TRUE(lifecycle_.taken().empty());
  EXPECT_EQ(run("config:undo", "blog").status, 0);
  EXPECT_EQ(lifecycle_.taken(), std::vector<std::string>{"restart blog config:undo root"});
}

TEST_F(ConfigHistoryCommands, EqualValuesMakeNoVersion) {
  must("config:set", "blog", "A=2");
  EXPECT_EQ(run("config:undo", "blog", "3").out,
            "-----> Nothing to undo: the values are the same\n");
  EXPECT_EQ(run("config:diff", "blog", "3", "4"),
            (Outcome{1, "", " !     Version 4 is not kept\n !     Versions 0 to 3 are\n"}));
  EXPECT_EQ(run("config:undo", "blog", "x").err,
            " !     Invalid version specified: x\n"
            " !     See which there are: dokku config:history\n");
  must("apps:create", "empty");
  EXPECT_EQ(run("config:undo", "empty"), (Outcome{1, "", " !     There is no change to undo\n"}));
}

}  // namespace
}  // namespace dokku::cli
