#include "base/io.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

// Made with ssh-keygen; the fingerprints are what `ssh-keygen -l` prints.
constexpr const char* kAlice =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl";
constexpr const char* kAlicePrint = "SHA256:57H0RTBq3YvAGilvcmmJptb5/3me1askmJMu5pKVkSU";
constexpr const char* kBob =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICt6OeuXoTRAsdyRqj5YpTv7J8Ie/4lg9saQynxeSrxs";

class KeysCommands : public CommandsTest {
 protected:
  Outcome with_stdin(const std::string& text, const std::vector<std::string>& words) {
    FakeSession session;
    session.stdin_ = text;
    return run_in(session, words);
  }
  Outcome as_key(const std::string& id, const std::vector<std::string>& words) {
    FakeSession session;
    session.caller_ = {Caller::Kind::key, id, "dokku"};
    return run_in(session, words);
  }
  std::string authorized() {
    return read_file(instance_.home_dir / ".ssh/authorized_keys").value_or("(none)");
  }
};

TEST_F(KeysCommands, AddPrintsTheFingerprintAndWritesTheFile) {
  EXPECT_EQ(with_stdin(std::string(kAlice) + " alice@laptop\n", {"ssh-keys:add", "alice"}),
            (Outcome{0, std::string(kAlicePrint) + "\n", ""}));
  const std::string program = (instance_.helpers_dir / "dokku").string();
  const std::string line = "restrict,pty,command=\"exec " + program + " --socket " +
                           instance_.command_socket().string() + " --ssh-key " + kAlicePrint +
                           "\" " + kAlice + " alice\n";
  EXPECT_NE(authorized().find(line), std::string::npos) << authorized();
  EXPECT_EQ(run("ssh-keys:list"),
            (Outcome{0,
                     std::string(kAlicePrint) +
                         " NAME=\"alice\" SSHCOMMAND_ALLOWED_KEYS=\"no-agent-forwarding,"
                         "no-user-rc,no-X11-forwarding,no-port-forwarding\"\n",
                     ""}));
  EXPECT_EQ(run("ssh-keys:remove", "alice"), (Outcome{0, "", ""}));
  EXPECT_EQ(authorized().find("ssh-ed25519"), std::string::npos);
  EXPECT_EQ(run("ssh-keys:list").status, 1);
}

TEST_F(KeysCommands, DuplicatesAreNamed) {
  must("ssh-keys:list", "--format", "json");
  ASSERT_EQ(with_stdin(kAlice, {"ssh-keys:add", "alice"}).status, 0);
  EXPECT_EQ(with_stdin(kBob, {"ssh-keys:add", "alice"}).err,
            "Duplicate ssh key name\n !     sshcommand returned an error: 1\n");
  EXPECT_EQ(with_stdin(kAlice, {"ssh-keys:add", "other"}).err,
            "Duplicate ssh public key specified\n !     sshcommand returned an error: 1\n");
}

TEST_F(KeysCommands, WhatIsNoKeyIsRefused) {
  const std::string invalid = " !     Key specified in is not a valid ssh public key\n";
  EXPECT_EQ(with_stdin("", {"ssh-keys:add", "x"}).err, " !     Empty key was specified\n");
  EXPECT_EQ(with_stdin("nonsense", {"ssh-keys:add", "x"}).err, invalid);
  EXPECT_EQ(with_stdin("command=\"id\" " + std::string(kAlice), {"ssh-keys:add", "x"}).err,
            invalid);
  EXPECT_EQ(with_stdin("ssh-rsa " + std::string(kAlice).substr(12), {"ssh-keys:add", "x"}).err,
            invalid);
  EXPECT_EQ(with_stdin(std::string(kAlice) + "\n" + kBob, {"ssh-keys:add", "x"}).err,
            " !     Too many keys provided, set one per invocation of dokku ssh-keys:add <NAME> "
            "<KEY_FILE>\n");
  EXPECT_EQ(with_stdin(kAlice, {"ssh-keys:add", "a\" b"}).status, 1);
  EXPECT_EQ(with_stdin(kAlice, {"ssh-keys:add"}).status, 1);
  EXPECT_EQ(run("ssh-keys:list", "--format", "json").out, "[]\n");
}

TEST_F(KeysCommands, TheOldCommandWorksToo) {
  EXPECT_EQ(with_stdin(kAlice, {"sshcommand", "acl-add", "dokku", "alice"}).out,
            std::string(kAlicePrint) + "\n");
  EXPECT_EQ(run("sshcommand", "acl-remove", "dokku", "alice").status, 0);
  EXPECT_EQ(run("ssh-keys:list").status, 1);
}

TEST_F(KeysCommands, AKeyMayDoAllButGiveKeys) {
  ASSERT_EQ(with_stdin(kAlice, {"ssh-keys:add", "alice"}).status, 0);
  EXPECT_EQ(as_key(kAlicePrint, {"apps:create", "blog"}).status, 0);
  EXPECT_EQ(as_key(kAlicePrint, {"ssh-keys:remove", "alice"}),
            (Outcome{1, "",
                     " !     This command must be run as root\n"
                     " !     On the server type: sudo dokku ssh-keys:remove\n"}));
  EXPECT_NE(run("events").out.find(" alice apps:create blog"), std::string::npos);
}

TEST_F(KeysCommands, AnUnknownKeyIsNobody) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"apps:list"}, {"apps:create", "x"}, {"nonsense"}, {"apps:help"}}) {
    EXPECT_EQ(as_key(kAlicePrint, words).status, 1) << words[0];
    EXPECT_EQ(as_key("'; DROP TABLE apps", words).out, "") << words[0];
  }
  FakeSession stranger;
  stranger.caller_.kind = Caller::Kind::nobody;
  EXPECT_EQ(run_in(stranger, {"apps:list"}).err.substr(0, 21), " !     Access denied\n");
}

TEST_F(KeysCommands, AFileOrKeyThatIsNotThereIsNamed) {
  EXPECT_EQ(run("ssh-keys:add", "alice", "/nowhere.pub").status, 1);
  EXPECT_EQ(run("ssh-keys:remove", "nobody"),
            (Outcome{0, "", " !     There is no key nobody; see: dokku ssh-keys:list\n"}));
}

}  // namespace
}  // namespace dokku::cli
