#include "running_app.h"

namespace dokku::cli {
namespace {

using TraceCommands = CommandsTest;

TEST_F(TraceCommands, OnTellsWhatCommandsDoAndOffNoMore) {
  EXPECT_EQ(run("trace:on").out, "-----> Enabling trace mode\n");
  const Outcome traced = run("apps:create", "blog");
  EXPECT_NE(traced.err.find(" ?     apps:create as root, 1 arguments\n"), std::string::npos)
      << traced;
  EXPECT_EQ(run("trace:off").out, "-----> Disabling trace mode\n");
  EXPECT_EQ(run("apps:exists", "blog"), (Outcome{0, "", ""}));
  EXPECT_NE(run("--trace", "apps:exists", "blog").err.find(" ?     "), std::string::npos);
}

TEST_F(TraceCommands, TellsWhatIsReadAndChangedAndNoValue) {
  must("apps:create", "blog");
  const Outcome traced = run("--trace", "config:set", "--no-restart", "blog", "TOKEN=sesame");
  EXPECT_NE(traced.err.find(" ?     store: read apps"), std::string::npos) << traced;
  EXPECT_NE(traced.err.find(" ?     store: changed "), std::string::npos) << traced;
  EXPECT_NE(traced.err.find("config_values"), std::string::npos) << traced;
  EXPECT_NE(traced.err.find(" ?     changed blog TOKEN\n"), std::string::npos) << traced;
  EXPECT_NE(traced.err.find(" ?     config:set took "), std::string::npos) << traced;
  EXPECT_EQ(traced.err.find("sesame"), std::string::npos) << traced;
  // Each of its lines is marked, so that they can be told from what the command says.
  EXPECT_EQ(run("--trace", "config:get", "blog", "TOKEN").out, "sesame\n");
  EXPECT_EQ(run("config:get", "blog", "TOKEN").err, "");
}

using TracedDeploys = RunningAppTest;

TEST_F(TracedDeploys, TellEachStageAndItsTime) {
  must("apps:create", "blog");
  must("config:set", "--no-restart", "blog", "TOKEN=sesame");
  push("blog", {{"web", "serve"}});
  const Outcome traced = run("--trace", "ps:restart", "blog");
  for (const char* line :
       {" ?     it is the turn of the restart of blog\n", " ?     release 2, config 1, PORT 5000\n",
        " ?     stage start ", " ?     routes of blog lead to release 2, before to 1\n",
        " ?     stage switch "}) {
    EXPECT_NE(traced.err.find(line), std::string::npos) << line << traced;
  }
  EXPECT_EQ(traced.err.find("sesame"), std::string::npos) << traced;
  EXPECT_EQ(run("ps:restart", "blog").err.find(" ?     "), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
