#include "cli/commands/all_apps.h"

#include "fixture.h"

namespace dokku::cli {
namespace {

class AllApps : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    const auto deed = [](Invocation& call, const server::App& app) -> Result<> {
      call.print.line("first " + app.name.str());
      if (app.name.str() == "bad") return fail(Errc::internal, "no luck");
      call.print.line("second " + app.name.str());
      return {};
    };
    registry_.add(
        {.name = "demo:turn",
         .arguments = "[--all] [<app>]",
         .description = "Turn",
         .run = [deed](Invocation& call) { return for_apps(call, "turn", Missing::go, deed); },
         .flags = all_apps_flags()});
  }
};

TEST_F(AllApps, OneAfterTheOtherAndErrorsAreCounted) {
  EXPECT_EQ(run("demo:turn", "--all").err,
            " !     You haven't deployed any applications yet\n"
            " !     Running turn in serial mode\n");
  must("apps:create", "bad");
  must("apps:create", "blog");
  EXPECT_EQ(run("demo:turn", "--all"),
            (Outcome{1,
                     "-----> Running turn against app bad\nfirst bad\n"
                     "-----> Running turn against app blog\nfirst blog\nsecond blog\n",
                     " !     Running turn in serial mode\n !     no luck\n"
                     " !     turn command returned 1 errors\n"}));
  EXPECT_EQ(run("demo:turn", "blog").out, "first blog\nsecond blog\n");
  EXPECT_EQ(run("demo:turn").status, 1);
  EXPECT_EQ(run("demo:turn", "--all", "blog").status, 1);
}

TEST_F(AllApps, SideBySideKeepsEachAppsLinesTogether) {
  for (int i = 0; i < 9; ++i) must("apps:create", "app" + std::to_string(i));
  const Outcome outcome = run("demo:turn", "--all", "--parallel", "4");
  EXPECT_EQ(outcome.status, 0) << outcome;
  EXPECT_EQ(outcome.err, " !     Running turn in parallel mode, 4 at once\n");
  for (int i = 0; i < 9; ++i) {
    const std::string app = "app" + std::to_string(i);
    EXPECT_NE(outcome.out.find("-----> Running turn against app " + app + "\nfirst " + app +
                               "\nsecond " + app + "\n"),
              std::string::npos)
        << outcome;
  }
  EXPECT_EQ(run("demo:turn", "--all", "--parallel", "-1").status, 0);
  EXPECT_EQ(run("demo:turn", "--all", "--parallel", "-2").err,
            " !     Invalid value -2 for --parallel flag\n");
  EXPECT_EQ(run("demo:turn", "--all", "--parallel", "many").status, 2);
}

}  // namespace
}  // namespace dokku::cli
