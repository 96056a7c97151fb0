#include "cli/commands/completion.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dokku::cli {
namespace {

class Completion : public ::testing::Test {
 protected:
  void SetUp() override {
    add_all_commands(registry_);
    facts_.apps = [] { return std::vector<std::string>{"ant", "blog"}; };
    facts_.process_types = [](const std::string& app) {
      return app == "blog" ? std::vector<std::string>{"web", "worker"} : std::vector<std::string>();
    };
    facts_.config_keys = [](const std::string&) { return std::vector<std::string>{"KEY"}; };
    facts_.domains = [](const std::string&) {
      return std::vector<std::string>{"blog.example.com"};
    };
  }

  std::vector<std::string> after(const std::vector<std::string>& words) {
    std::vector<std::string> found;
    for (const Candidate& each : complete(registry_, facts_, words)) found.push_back(each.word);
    return found;
  }

  bool offers(const std::vector<std::string>& words, const std::string& word) {
    const std::vector<std::string> found = after(words);
    return std::find(found.begin(), found.end(), word) != found.end();
  }

  Registry registry_;
  CompletionFacts facts_;
};

using Words = std::vector<std::string>;

TEST_F(Completion, FirstWordIsATopicOrACommand) {
  EXPECT_TRUE(offers({""}, "apps:"));
  EXPECT_TRUE(offers({""}, "run"));
  EXPECT_FALSE(offers({""}, "apps:create"));  // a screenful otherwise
  EXPECT_EQ(after({"apps:cr"}), Words{"apps:create"});
  EXPECT_TRUE(offers({"dom"}, "domains:add"));  // one topic is left
  EXPECT_FALSE(offers({"git-"}, "git-hook"));   // hidden
}

TEST_F(Completion, VerbMayStandBehindABlank) {
  EXPECT_EQ(after({"apps", "cr"}), Words{"create"});
  EXPECT_EQ(after({"ps", "scale", ""}), (Words{"ant", "blog"}));
  EXPECT_TRUE(offers({"logs", ""}, "blog"));
}

TEST_F(Completion, AppsWhereAnAppIsWanted) {
  EXPECT_EQ(after({"apps:destroy", ""}), (Words{"ant", "blog"}));
  EXPECT_EQ(after({"apps:destroy", "b"}), Words{"blog"});
  EXPECT_EQ(after({"apps:destroy", "--force", ""}), (Words{"ant", "blog"}));
  EXPECT_EQ(after({"config:get", "--quoted", "a"}), Words{"ant"});
  EXPECT_EQ(after({"apps:destroy", "blog", ""}), Words{});
  EXPECT_EQ(after({"apps:create", ""}).size(), 2U);
  EXPECT_EQ(after({"run", "-e", "A=1", "b"}), Words{"blog"});
}

TEST_F(Completion, GlobalFlagsLead) {
  EXPECT_TRUE(offers({"-"}, "--quiet"));
  EXPECT_EQ(after({"--app", "b"}), Words{"blog"});
  EXPECT_EQ(after({"--quiet", "apps:cr"}), Words{"apps:create"});
  EXPECT_EQ(after({"--app", "blog", "ps:scale", "wo"}), Words{"worker="});
}

TEST_F(Completion, ProcessTypesAndKeysOfTheApp) {
  EXPECT_EQ(after({"ps:scale", "blog", ""}), (Words{"web=", "worker="}));
  EXPECT_EQ(after({"ps:scale", "blog", "web=1", "wo"}), Words{"worker="});
  EXPECT_EQ(after({"ps:scale", "ant", ""}), Words{});
  EXPECT_EQ(after({"enter", "blog", "we"}), Words{"web"});
  EXPECT_EQ(after({"logs", "blog", "-p", "wo"}), Words{"worker"});
  EXPECT_EQ(after({"config:get", "blog", ""}), Words{"KEY"});
  EXPECT_EQ(after({"config:set", "blog", ""}), Words{"KEY="});
  EXPECT_EQ(after({"config:unset", "blog", "A", "K"}), Words{"KEY"});
  EXPECT_EQ(after({"domains:remove", "blog", ""}), Words{"blog.example.com"});
  EXPECT_EQ(after({"domains:add", "blog", ""}), Words{});
}

TEST_F(Completion, FlagsAndTheirValues) {
  EXPECT_TRUE(offers({"config:set", "--"}, "--no-restart"));
  EXPECT_TRUE(offers({"config:set", "--g"}, "--global"));
  EXPECT_TRUE(offers({"apps:report", "blog", "--"}, "--format"));
  EXPECT_EQ(after({"apps:list", "--format", "j"}), Words{"json"});
  EXPECT_EQ(after({"apps:report", "blog", "--format", ""}), (Words{"json", "stdout"}));
}

TEST_F(Completion, OnlyWhatTheKeyMayUse) {
  facts_.may = [](const Command& command) { return command.access <= Access::reader; };
  EXPECT_TRUE(offers({""}, "logs"));
  EXPECT_FALSE(offers({""}, "run"));
  EXPECT_TRUE(offers({"apps:"}, "apps:list"));
  EXPECT_FALSE(offers({"apps:"}, "apps:create"));
  EXPECT_FALSE(offers({""}, "trace:"));  // no verb of it is left
  EXPECT_TRUE(offers({"apps", ""}, "list"));
  EXPECT_FALSE(offers({"apps", ""}, "destroy"));
  EXPECT_EQ(after({"config:get", "blog", ""}), Words{});
  EXPECT_TRUE(offers({"logs", ""}, "blog"));
  EXPECT_FALSE(offers({"logs", ""}, "set"));
}

TEST_F(Completion, NothingIsTooStrange) {
  for (const Words& words :
       {Words{}, Words{"nonsense", ""}, Words{"nonsense", "x", "y", ""}, Words{":", ""},
        Words{"--app"}, Words{"--app", ""}, Words{"--app="}, Words{"apps:", ""},
        Words{std::string(100000, 'a')}, Words{"\xff\xfe", "\xff"},
        Words{"run", "blog", "--", "ls", ""}, Words{"apps:create", "--help", ""}}) {
    after(words);
  }
}

TEST_F(Completion, EveryCommandThatTakesAnAppOffersIt) {
  for (const auto& [name, command] : registry_.commands()) {
    if (!command.arguments.starts_with("<app>")) continue;
    EXPECT_TRUE(offers({name, "b"}, "blog")) << name;
  }
}

}  // namespace
}  // namespace dokku::cli
