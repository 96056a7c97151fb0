#include "cli/commands/planned.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "base/io.h"
#include "fixture.h"
#include "tests/paths/paths.h"

namespace dokku::cli {
namespace {

using NotYet = CommandsTest;

TEST_F(NotYet, ItSaysSoAndWhatToTypeInstead) {
  EXPECT_EQ(run("plugin:install", "https://example.com/x.git"),
            (Outcome{1, "",
                     " !     `plugin:install` is not there yet.\n"
                     " !     There is nothing to install: what is there is built in\n"}));
  for (const char* typed : {"mongo:create", "postgres", "postgres:help", "k3s:initialize"}) {
    const Outcome outcome = run(typed, "x");
    EXPECT_EQ(outcome.status, 1) << typed;
    EXPECT_NE(outcome.err.find("is not there yet"), std::string::npos) << outcome;
  }
  EXPECT_EQ(run("storage:info", "x").err,
            " !     `storage:info` is not there yet.\n !     Instead: dokku storage:list APP\n");
  // The short names of 0.38.
  EXPECT_NE(run("dockerfile:set", "x").err.find("is not there yet"), std::string::npos);
  EXPECT_NE(run("postgres", "create", "x").err.find("`postgres:create` is"), std::string::npos);
  EXPECT_NE(run("redis:nonsense").err.find("is not a dokku command"), std::string::npos);
  EXPECT_EQ(run("help", "--all").out.find("plugin:install"), std::string::npos);
}

TEST_F(NotYet, TheTableIsSortedWithinItsTiersAndNamesNothingTwice) {
  std::set<std::string_view> names;
  for (const Planned& planned : planned_commands()) {
    EXPECT_TRUE(names.insert(planned.name).second) << planned.name;
    EXPECT_FALSE(planned.what.empty() || planned.what.ends_with(".")) << planned.name;
  }
}

TEST_F(NotYet, EveryRowIsEitherThereOrSaysThatItIsNot) {
  for (const Planned& planned : planned_commands()) {
    if (registry_.find(planned.name) != nullptr) continue;
    const Outcome outcome = run(std::string(planned.name), "nobody", "x");
    EXPECT_EQ(outcome.status, 1) << planned.name;
    EXPECT_EQ(outcome.out, "") << planned.name;
    EXPECT_NE(outcome.err.find("is not there yet."), std::string::npos) << planned.name;
  }
}

TEST_F(NotYet, DifferencesAreOfCommandsThatAreThere) {
  int found = 0;
  for (const Planned& planned : planned_commands()) {
    if (!difference_of(planned.name).empty()) ++found;
  }
  EXPECT_GT(found, 5);
}

using CommandsPage = CommandsTest;

TEST_F(CommandsPage, IsWhatTheRegistrySays) {
  const std::string file = tests::source_dir() / "docs/commands.md";
  const std::string page = commands_page(registry_);
  if (std::getenv("DOKKU_REWRITE_GOLDEN") != nullptr) std::ofstream(file) << page;
  EXPECT_TRUE(read_file(file).value_or("") == page)
      << "docs/commands.md is old; make it anew as its first lines say";
}

}  // namespace
}  // namespace dokku::cli
