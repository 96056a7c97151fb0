#include "cli/commands/registry.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

Command named(std::string name, std::vector<std::string> aliases = {}, bool hidden = false) {
  return {.name = std::move(name),
          .arguments = "",
          .description = "",
          .run = {},
          .aliases = std::move(aliases),
          .hidden = hidden};
}

Registry small_registry() {
  Registry registry;
  registry.add_topic({"apps", "Manage apps"});
  registry.add(named("apps:create"));
  registry.add(named("apps:destroy", {"delete"}));
  registry.add(named("logs"));
  registry.add(named("secret", {}, true));
  return registry;
}

TEST(Registry, FindsByNameAndAlias) {
  const Registry registry = small_registry();
  EXPECT_EQ(registry.find("apps:create")->name, "apps:create");
  EXPECT_EQ(registry.find("delete")->name, "apps:destroy");
  EXPECT_EQ(registry.find("apps:nothing"), nullptr);
  EXPECT_NE(registry.topic("apps"), nullptr);
}

TEST(Registry, GuessesWhatIsAFewLettersAway) {
  const Registry registry = small_registry();
  using Names = std::vector<std::string>;
  EXPECT_EQ(registry.near_misses("apps:craete"), Names{"apps:create"});
  EXPECT_EQ(registry.near_misses("app"), Names{"apps"});
  EXPECT_EQ(registry.near_misses("create"), Names{"apps:create"});  // the verb alone
  EXPECT_EQ(registry.near_misses("log"), Names{"logs"});
  EXPECT_EQ(registry.near_misses("secrte"), Names{});
  EXPECT_EQ(registry.near_misses("frobnicate"), Names{});
  EXPECT_EQ(registry.near_misses(std::string(100'000, 'a')), Names{});
}

}  // namespace
}  // namespace dokku::cli
