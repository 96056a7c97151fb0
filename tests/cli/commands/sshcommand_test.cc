#include "fixture.h"

namespace dokku::cli {
namespace {

using SshcommandProgram = CommandsTest;

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio me@home";

TEST_F(SshcommandProgram, KeysComeAreListedAndGo) {
  FakeSession session;
  session.stdin_ = std::string(kKey) + "\n";
  const Outcome added = run_in(session, {"sshcommand:acl-add", "dokku", "progrium"});
  EXPECT_EQ(added.status, 0) << added;
  EXPECT_TRUE(added.out.starts_with("SHA256:")) << added;
  const std::string fingerprint = added.out.substr(0, added.out.size() - 1);
  EXPECT_TRUE(run("sshcommand:list", "dokku").out.starts_with(fingerprint + " NAME=\"progrium\""));
  EXPECT_EQ(run("sshcommand:list", "dokku", "nobody").status, 1);
  EXPECT_TRUE(run("sshcommand:list", "dokku", "json").out.starts_with("[{"));
  EXPECT_EQ(run("sshcommand:list", "dokku", "nobody", "json").out, "[]\n");
  EXPECT_EQ(run("sshcommand:acl-remove-by-fingerprint", "dokku", fingerprint.c_str()),
            (Outcome{0, "", ""}));
  EXPECT_EQ(run("sshcommand:list", "dokku").status, 1);
}

TEST_F(SshcommandProgram, KnowsOneUser) {
  EXPECT_EQ(run("sshcommand:create", "dokku", "/usr/local/bin/dokku"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("sshcommand:create", "git", "x"),
            (Outcome{1, "", " !     User git is not managed here\n"}));
  EXPECT_EQ(run("sshcommand:list"),
            (Outcome{1, "", " !     Usage: sshcommand list <USER> [<NAME>] [<OUTPUT_TYPE>]\n"}));
  EXPECT_EQ(run("sshcommand:help").status, 0);
  EXPECT_EQ(run("sshcommand:version").out, run("version").out);
}

}  // namespace
}  // namespace dokku::cli
