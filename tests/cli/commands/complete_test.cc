#include "fixture.h"

namespace dokku::cli {
namespace {

using CompleteCommand = CommandsTest;

TEST_F(CompleteCommand, PrintsWordsAndDescriptions) {
  must("apps:create", "blog");
  must("config:set", "--no-restart", "blog", "KEY=secret");
  EXPECT_EQ(run("complete", "--", "apps:cr"), (Outcome{0, "apps:create\tCreate a new app\n", ""}));
  EXPECT_EQ(run("complete", "--", "apps:destroy", ""), (Outcome{0, "blog\n", ""}));
  EXPECT_EQ(run("complete", "--", "config:get", "blog", ""), (Outcome{0, "KEY\n", ""}));
  EXPECT_EQ(run("complete", "--", "ps:scale", "blog", ""), (Outcome{0, "web=\n", ""}));
  EXPECT_EQ(run("complete", "--", "domains:remove", "blog", ""), (Outcome{0, "", ""}));
}

TEST_F(CompleteCommand, NeverComplains) {
  EXPECT_EQ(run("complete"), run("complete", "--", ""));
  EXPECT_EQ(run("complete", "--", "ps:scale", "../etc", ""), (Outcome{0, "", ""}));
  EXPECT_EQ(run("complete", "--", "no such", "thing", ""), (Outcome{0, "", ""}));
  EXPECT_EQ(run("complete", "--", "--help", ""), run("complete", "--", ""));
}

}  // namespace
}  // namespace dokku::cli
