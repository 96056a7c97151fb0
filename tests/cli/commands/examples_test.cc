#include "cli/commands/examples.h"

#include <set>
#include <sstream>

#include "cli/commands/flags.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

using Examples = CommandsTest;

std::vector<std::string> words_of(const std::string& example) {
  std::istringstream text(example);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

TEST_F(Examples, EachIsACallOfItsCommand) {
  for (const auto& [name, command] : registry_.commands()) {
    for (const std::string& example : examples_of(command)) {
      const Call call = resolve(registry_, {}, words_of(example));
      ASSERT_NE(call.command, nullptr) << example;
      EXPECT_EQ(call.command->name, name) << example;
      EXPECT_TRUE(parse_words(command, call.args)) << example;
    }
  }
}

TEST_F(Examples, EveryTopicAndEveryCommandWithoutATopicHasOne) {
  std::set<std::string> with_example;
  for (const auto& [name, command] : registry_.commands()) {
    if (!examples_of(command).empty()) with_example.insert(name.substr(0, name.find(':')));
  }
  for (const auto& [name, topic] : registry_.topics()) {
    EXPECT_TRUE(with_example.count(name) == 1) << name;
  }
  for (const auto& [name, command] : registry_.commands()) {
    if (command.hidden) continue;
    EXPECT_TRUE(with_example.count(name.substr(0, name.find(':'))) == 1) << name;
  }
}

TEST_F(Examples, HelpShowsThem) {
  EXPECT_NE(run("apps:create", "--help").out.find("\nExample:\n\n    dokku apps:create blog\n"),
            std::string::npos);
  const std::string topic = run("config:help").out;
  EXPECT_NE(topic.find("\nExamples:\n\n"), std::string::npos) << topic;
  EXPECT_NE(topic.find("    dokku config:get blog DATABASE_URL\n"), std::string::npos) << topic;
}

}  // namespace
}  // namespace dokku::cli
