// Every command of the registry with bad input. A new one is in these tests by being there: what is
// expected follows from its grammar and its arguments, as docs/commands.md says.
#include <filesystem>

#include "cli/commands/access.h"
#include "cli/commands/arguments.h"
#include "fixture.h"
#include "server/model/app_name.h"
#include "server/store/table_rows.h"

namespace dokku::cli {
namespace {

using server::printable;

struct Word {
  const char* name;
  std::string text;
};

// What nobody should type, and what some do.
const std::vector<Word>& bad_words() {
  static const std::vector<Word> kWords{
      {"unknown app", "nobody"},
      {"over-long", std::string(1 << 20, 'a')},
      {"not UTF-8", "\xff\xfe\x01\x1b[31m"},
      {"substitution", "$(touch /tmp/dokku-bad-input)"},
      {"backquotes", "`touch /tmp/dokku-bad-input`"},
      {"separator", "nobody;touch /tmp/dokku-bad-input"},
      {"pipe", "nobody|touch /tmp/dokku-bad-input"},
      {"redirection", "nobody>/tmp/dokku-bad-input"},
      {"quotes", "'\"\\"},
      {"newline", "nobody\nreboot"},
      {"traversal", "../../etc/passwd"},
      {"traversal inside", "blog/../../x"},
      {"absolute", "/etc/passwd"},
      {"glob", "*"},
      {"null device", "/dev/null"},
      {"format", "%s%n%d"},
  };
  return kWords;
}

class BadInput : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("apps:create", "blog");
    must("config:set", "blog", "KEEP=1");
    lifecycle_.taken();
  }

  void TearDown() override {
    EXPECT_FALSE(std::filesystem::exists("/tmp/dokku-bad-input"));
    CommandsTest::TearDown();
  }

  // Rows of the store but the audit log's, which grows by failures too. Asked for thousands of
  // times.
  std::string rows() {
    std::string all;
    const Result<> read = store_->read([&](server::ReadTx& tx) -> Result<> {
      const std::vector<std::string> tables = TRY(server::kept_tables(tx));
      for (const std::string& table : tables) {
        if (table == "events") continue;
        all += "[" + table + "]\n";
        TRY(server::read_table(
            tx, {table}, [](const auto&) -> Result<> { return {}; },
            [&](const server::Row& row) -> Result<> {
              for (const server::Value& value : row) all += shown(value) + "|";
              all += "\n";
              return {};
            }));
      }
      return {};
    });
    EXPECT_TRUE(read) << read.error().message();
    return all;
  }

  static std::string shown(const server::Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* bytes = std::get_if<server::Bytes>(&value)) return bytes->value;
    return "NULL";
  }

  // Rows, what was asked of processes and routes, containers.
  std::string everything() {
    std::string all = rows();
    for (const std::string& call : lifecycle_.taken()) all += "asked: " + call + "\n";
    const auto containers = containers_.list({});
    all += "containers: " + std::to_string(containers ? containers->size() : 0) + "\n";
    return all;
  }

  // Runs it; a failure changes nothing, and says why in a few clean lines.
  Outcome checked(const std::vector<std::string>& words, const std::string& what) {
    const std::string before = everything();
    FakeSession session;
    const Outcome outcome = run_in(session, words);
    if (outcome.status != 0) {
      EXPECT_TRUE(everything() == before) << what << " failed and changed something";
    }
    EXPECT_TRUE(outcome.status == 0 || outcome.status == 1 || outcome.status == 2 ||
                outcome.status == 20)
        << what << " " << outcome.status;
    for (const char* evil : {"\x1b", "\x01", "\xff"}) {
      EXPECT_EQ(outcome.err.find(evil), std::string::npos) << what;
    }
    EXPECT_LT(outcome.err.size(), 8'000U) << what;
    return outcome;
  }

  // "<app>" is the first of its arguments, and not optional.
  static bool app_first(const Command& command) {
    if (command.name == "apps:create" || command.name == "git-receive-pack") return false;
    const std::string& usage = command.arguments;
    const std::size_t app = usage.find("<app>");
    if (app == std::string::npos || usage.find("[<app") != std::string::npos) return false;
    return usage.find('<') == app || usage.rfind("[--", app) != std::string::npos;
  }
};

TEST_F(BadInput, NoAppIsToldInTheTopicsWords) {
  for (const auto& [name, command] : registry_.commands()) {
    if (!app_first(command)) continue;
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{name}, std::vector<std::string>{name, ""}}) {
      const Outcome missing = checked(words, name);
      const bool go = missing.status == 1 &&
                      missing.err == " !     Please specify an app to run the command on\n";
      const std::string second =  // nobody types git-hook
          name == "git-hook" ? "" : " !     Please specify an app to run the command on\n";
      const bool bash =
          missing.status == 20 && missing.err == " !     App  does not exist\n" + second;
      const bool domain = missing.status == 1 &&
                          missing.err.find("Please specify a domain name") != std::string::npos;
      EXPECT_TRUE(go || bash || domain) << name << "\n" << missing;
    }
  }
}

TEST_F(BadInput, WhatNamesNoAppIsNoApp) {
  for (const auto& [name, command] : registry_.commands()) {
    if (!app_first(command)) continue;
    for (const Word& word : bad_words()) {
      const std::string what = name + ", " + word.name;
      const Outcome outcome = checked({name, word.text, "a.example.com", "x"}, what);
      EXPECT_EQ(outcome.status, 20) << what << "\n" << outcome;
      EXPECT_EQ(outcome.err, " !     App " + printable(word.text) + " does not exist\n") << what;
      EXPECT_EQ(outcome.out, "") << what;
    }
  }
}

TEST_F(BadInput, UnknownFlagsAreUsageErrors) {
  for (const auto& [name, command] : registry_.commands()) {
    if (command.grammar == Grammar::words) continue;
    for (const std::string flag : {"--bogus-flag", "--bogus=$(reboot)", "-Z", "-\xff"}) {
      const std::string what = name + " " + printable(flag);
      const Outcome outcome = checked({name, flag}, what);
      EXPECT_EQ(outcome.status, 2) << what << "\n" << outcome;
      EXPECT_TRUE(outcome.err.starts_with(flag[1] == '-' ? "unknown flag: --bogus"
                                                         : "unknown shorthand flag: "))
          << what << "\n"
          << outcome;
      EXPECT_NE(outcome.err.find("\nUsage of " + name + ":\n"), std::string::npos) << what;
    }
  }
}

// Topics that Dokku wrote in bash know no flags: a word with dashes is a word.
TEST_F(BadInput, DashesAreNoAppEither) {
  for (const auto& [name, command] : registry_.commands()) {
    if (command.grammar != Grammar::words || !app_first(command)) continue;
    for (const std::string word : {"--bogus-flag", "-Z", "--", "-", "---"}) {
      const Outcome outcome = checked({name, word, "a.example.com", "x"}, name + " " + word);
      EXPECT_NE(outcome.status, 0) << name << " " << word << "\n" << outcome;
    }
  }
}

// What comes after an app that exists: it may be what the command takes (a run's words, a value),
// but then only there.
TEST_F(BadInput, BadWordsAfterTheAppAreRefusedOrKeptAsTheyAre) {
  for (const auto& [name, command] : registry_.commands()) {
    if (!app_first(command)) continue;
    for (const Word& word : bad_words()) {
      const std::string what = name + " blog, " + word.name;
      const Outcome outcome = checked({name, "blog", word.text}, what);
      if (outcome.status == 0) {
        EXPECT_TRUE(only_looks(command) || command.arguments.find("...") != std::string::npos ||
                    command.arguments.find("> <") != std::string::npos ||
                    command.arguments.find("> [") != std::string::npos)
            << what << " takes one app and took a word more\n"
            << outcome;
      }
      if (run("apps:exists", "blog").status != 0) must("apps:create", "blog");
    }
  }
}

// Commands that do not begin with an app.
TEST_F(BadInput, OtherCommandsFailCleanlyToo) {
  for (const auto& [name, command] : registry_.commands()) {
    if (app_first(command) || name == "help") continue;
    checked({name}, name);
    for (const Word& word : bad_words()) {
      const std::string what = name + ", " + word.name;
      const Outcome outcome = checked({name, word.text}, what);
      const bool may_succeed = only_looks(command) || command.arguments.empty() ||
                               name.find("remove") != std::string::npos ||
                               std::string_view(word.name) == "unknown app";
      EXPECT_TRUE(may_succeed || outcome.status != 0) << what << "\n" << outcome;
    }
  }
}

TEST_F(BadInput, AppNamesAreCheckedBeforeAnythingIsMade) {
  const std::string line =
      " !     App name must begin with lowercase alphanumeric character, and may only contain "
      "lowercase alphanumerics, dots, and hyphens\n";
  for (const Word& word : bad_words()) {
    if (std::string_view(word.name) == "unknown app") continue;
    const Outcome outcome = checked({"apps:create", word.text}, word.name);
    EXPECT_EQ(outcome.status, 1) << word.name;
    if (word.text.size() < 64) {
      EXPECT_EQ(outcome.err, line) << word.name;
    }
  }
  for (const char* dashes : {"-blog", "--blog"}) EXPECT_EQ(run("apps:create", dashes).status, 2);
}

}  // namespace
}  // namespace dokku::cli
