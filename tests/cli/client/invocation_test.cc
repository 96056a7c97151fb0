#include "cli/client/invocation.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

using Words = std::vector<std::string>;

struct SplitCase {
  const char* name;
  std::string text;
  Words words;
};

class SshCommand : public testing::TestWithParam<SplitCase> {};

TEST_P(SshCommand, IsSplitAsXargsDoes) {
  const Result<Words> words = split_ssh_command(GetParam().text);
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ(*words, GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    , SshCommand,
    testing::Values(
        SplitCase{"Plain", "apps:create blog", {"apps:create", "blog"}}, SplitCase{"Empty", "", {}},
        SplitCase{"Blanks", " \t\n ", {}},
        SplitCase{"ManyBlanks", "  apps:list \t --quiet\n", {"apps:list", "--quiet"}},
        SplitCase{"SingleQuotes", "config:set app K='a  b'", {"config:set", "app", "K=a  b"}},
        SplitCase{"DoubleQuotes", "config:set app \"K=a  b\"", {"config:set", "app", "K=a  b"}},
        SplitCase{"Backslash", "config:set app K=a\\ b", {"config:set", "app", "K=a b"}},
        SplitCase{"BackslashInQuotes", "run app \"a\\b\" 'c\\d'", {"run", "app", "a\\b", "c\\d"}},
        SplitCase{"LastBackslash", "run app a\\", {"run", "app", "a\\"}},
        SplitCase{"QuoteInQuotes", "run app \"it's\" '\"'", {"run", "app", "it's", "\""}},
        SplitCase{"EmptyWord", "config:set app ''", {"config:set", "app", ""}},
        SplitCase{"NothingIsExpanded",
                  "run app $HOME `id` * ; &",
                  {"run", "app", "$HOME", "`id`", "*", ";", "&"}},
        SplitCase{"NewlineInQuotes", "config:set app 'K=a\nb'", {"config:set", "app", "K=a\nb"}},
        SplitCase{"Push", "git-receive-pack 'blog'", {"git-receive-pack", "blog"}},
        SplitCase{"PushSlash", "git-receive-pack '/blog'", {"git-receive-pack", "blog"}},
        SplitCase{"PushDouble", "git-upload-pack \"/blog\"", {"git-upload-pack", "blog"}},
        SplitCase{"PushBare", "git-upload-archive blog", {"git-upload-archive", "blog"}},
        SplitCase{"PushPath",
                  "git-receive-pack 'home/dokku/blog'",
                  {"git-receive-pack", "home/dokku/blog"}},
        SplitCase{"PushTwoSlashes", "git-receive-pack '//etc'", {"git-receive-pack", "/etc"}},
        SplitCase{"GitTopic", "git:set 'a  b' c\\ d", {"git:set", "'a", "b'", "c\\", "d"}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(SplitSshCommand, AnUnmatchedQuoteIsAnError) {
  EXPECT_FALSE(split_ssh_command("config:set app 'K=a").has_value());
  EXPECT_FALSE(split_ssh_command("config:set app \"K=a").has_value());
}

TEST(Invocation, TypedWordsGoOnAsTheyAre) {
  const Result<Invocation> invocation =
      read_invocation({"run", "app", "--ssh-key", "x"}, {{"SSH_ORIGINAL_COMMAND", "apps:list"}});
  EXPECT_EQ(invocation->argv, (Words{"run", "app", "--ssh-key", "x"}));
  EXPECT_FALSE(invocation->by_ssh);
  EXPECT_EQ(invocation->socket, "/run/dokku/dokku.sock");
}

TEST(Invocation, AKeysForcedCommandReadsTheOriginal) {
  const Result<Invocation> invocation = read_invocation(
      {"--ssh-key", "SHA256:abc"},
      {{"SSH_ORIGINAL_COMMAND", "--socket /tmp/mine apps:list"}, {"DOKKU_SOCKET", "/s"}});
  EXPECT_EQ(invocation->argv, (Words{"--socket", "/tmp/mine", "apps:list"}));
  EXPECT_EQ(invocation->key_id, "SHA256:abc");
  EXPECT_TRUE(invocation->by_ssh);
  EXPECT_EQ(invocation->socket, "/s");
}

TEST(Invocation, WithoutACommandAKeySeesHelp) {
  EXPECT_EQ(read_invocation({"--ssh-key", "k"}, {})->argv, Words{"help"});
}

TEST(Invocation, ASocketMayBeNamedFirst) {
  const Result<Invocation> invocation = read_invocation({"--socket", "/s", "version"}, {});
  EXPECT_EQ(invocation->socket, "/s");
  EXPECT_EQ(invocation->argv, Words{"version"});
}

TEST(Invocation, OnlyTheNamedPartOfTheEnvironmentLeaves) {
  const Environment sent = environment_for_daemon({{"TERM", "x"},
                                                   {"PATH", "/bin"},
                                                   {"AWS_SECRET", "s"},
                                                   {"DOKKU_TRACE", "1"},
                                                   {"GIT_PUSH_OPTION_0", "no-wait"}});
  const Environment expected{{"TERM", "x"}, {"DOKKU_TRACE", "1"}, {"GIT_PUSH_OPTION_0", "no-wait"}};
  EXPECT_EQ(sent, expected);
}

TEST(SshcommandProgram, IsTheClientByAnotherName) {
  EXPECT_EQ(arguments_of({"/usr/bin/sshcommand", "acl-add", "dokku", "me"}),
            (Words{"sshcommand:acl-add", "dokku", "me"}));
  EXPECT_EQ(arguments_of({"sshcommand"}), Words{"sshcommand:help"});
  EXPECT_EQ(arguments_of({"sshcommand", "--version"}), Words{"sshcommand:version"});
  EXPECT_EQ(arguments_of({"dokku", "acl-add"}), Words{"acl-add"});
  EXPECT_EQ(arguments_of({}), Words{});
}

}  // namespace
}  // namespace dokku::cli
