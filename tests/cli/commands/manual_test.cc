#include "cli/commands/manual.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

Result<int> nothing(Invocation&) { return 0; }

TEST(Manual, NamesEveryCommandThatHelpNames) {
  Registry registry;
  add_all_commands(registry);
  const std::string page = manual_page(registry);
  for (const auto& [name, command] : registry.commands()) {
    std::string escaped = "\\fBdokku ";
    for (const char c : name) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
    const bool there = page.find(escaped + "\\fR") != std::string::npos;
    EXPECT_EQ(there, !command.hidden) << name;
  }
}

TEST(Manual, TextStandsForItself) {
  Registry registry;
  registry.add_topic({"odd", "Odd \\ things"});
  registry.add({.name = "odd:one",
                .arguments = "[--flag a'b] <app>",
                .description = ".hidden line… with ~^`",
                .run = nothing,
                .flags = {{"flag", 'f', Flag::Kind::text, "-a dash"}}});
  const std::string page = manual_page(registry);
  EXPECT_NE(page.find(".SS odd\nOdd \\e things.\n"), std::string::npos) << page;
  EXPECT_NE(page.find("\\fBdokku odd:one\\fR [\\-\\-flag a\\(aqb] <app>\n"), std::string::npos);
  EXPECT_NE(page.find("\n\\&.hidden line\\[u2026] with \\(ti\\(ha\\(ga.\n"), std::string::npos);
  EXPECT_NE(page.find("\\fB\\-f, \\-\\-flag\\fR: \\-a dash\n"), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
