// Who may do what. The matrix is tests/data/commands/roles.txt, written by hand.
#include "cli/commands/access.h"

#include <map>
#include <sstream>

#include "base/io.h"
#include "fixture.h"
#include "tests/paths/paths.h"

namespace dokku::cli {
namespace {

constexpr std::array kColumns{"read", "deploy", "admin", "root"};

// Two keys made with ssh-keygen, and the names that ssh gives them.
constexpr const char* kAlice =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl";
constexpr const char* kAlicePrint = "SHA256:57H0RTBq3YvAGilvcmmJptb5/3me1askmJMu5pKVkSU";

using Matrix = std::map<std::string, std::array<bool, 4>>;

Matrix read_matrix() {
  Matrix matrix;
  std::istringstream lines(
      read_file(tests::data_dir() / "commands/roles.txt").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("command ")) continue;
    std::istringstream cells(line);
    std::string name, cell;
    cells >> name;
    for (bool& allowed : matrix[name]) allowed = cells >> cell && cell == "yes";
  }
  return matrix;
}

class Roles : public CommandsTest {
 protected:
  void add_alice(const std::vector<std::string>& flags) {
    FakeSession session;
    session.stdin_ = kAlice;
    std::vector<std::string> words{"ssh-keys:add"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.push_back("alice");
    const Outcome added = run_in(session, words);
    ASSERT_EQ(added.status, 0) << added;
  }
  Outcome alice(const std::vector<std::string>& words) {
    FakeSession session;
    session.caller_ = {Caller::Kind::key, kAlicePrint, "dokku"};
    return run_in(session, words);
  }
  bool allowed(const Command& command, const std::string& column) {
    Rights rights;
    rights.who = "alice";
    rights.root = column == "root";
    rights.role = rights.root ? server::KeyRole::admin : server::parse_key_role(column).value();
    const Result<> answer = check_access(command, {}, rights);
    EXPECT_TRUE(answer || answer.error().code() == Errc::permission_denied);
    return answer.has_value();
  }
};

TEST_F(Roles, EveryCommandAndRoleIsAsInTheMatrix) {
  const Matrix matrix = read_matrix();
  for (const auto& [name, command] : registry_.commands()) {
    const auto row = matrix.find(name);
    ASSERT_NE(row, matrix.end()) << name << " has no row in tests/data/commands/roles.txt";
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      EXPECT_EQ(allowed(command, kColumns[i]), row->second[i]) << name << " " << kColumns[i];
    }
  }
}

// What is asked is what is answered: the words go through the whole engine.
TEST_F(Roles, ARefusalComesFromTheEngineBeforeTheCommandSeesAWord) {
  must("apps:create", "blog");
  add_alice({"--role", "read"});
  const std::string before = dump();
  for (const auto& [name, command] : registry_.commands()) {
    if (command.access <= Access::reader) continue;
    const Outcome outcome = alice({name, "blog", "x"});
    EXPECT_EQ(outcome.status, 1) << name;
    EXPECT_EQ(outcome.out, "") << name;
    EXPECT_TRUE(outcome.err.starts_with(" !     Access denied\n") ||
                outcome.err.starts_with(" !     This command must be run as root\n"))
        << name << outcome;
  }
  EXPECT_TRUE(dump() == before);
  EXPECT_EQ(
      alice({"config:set", "blog", "A=1"}).err,
      " !     Access denied\n"
      " !     The key alice has the role read, config:set needs deploy\n"
      " !     Whoever is root on the server may type: dokku ssh-keys:set alice role deploy\n");
  must("ssh-keys:set", "alice", "role", "deploy");
  EXPECT_EQ(alice({"config:set", "blog", "A=1"}).status, 0);
  EXPECT_NE(alice({"config:set", "--global", "A=1"}).err.find("needs admin"), std::string::npos);
  EXPECT_NE(alice({"git:set", "--global", "keep-git-dir", "true"}).err.find("needs admin"),
            std::string::npos);
}

TEST_F(Roles, ForAKeyOfOneAppTheOthersDoNotExist) {
  must("apps:create", "blog");
  must("apps:create", "hidden");
  must("domains:set", "hidden", "secret.example.com");
  must("config:set", "hidden", "PASSWORD=hunter2");
  add_alice({"--app", "blog,shop"});
  EXPECT_EQ(alice({"apps:list"}).out, "=====> My Apps\nblog\n");
  EXPECT_EQ(alice({"apps:exists", "hidden"}),
            (Outcome{20, "", " !     App hidden does not exist\n"}));
  EXPECT_EQ(alice({"git-receive-pack", "hidden"}).status, 20);
  EXPECT_EQ(alice({"git-receive-pack", "unheard-of"}).status, 20);
  EXPECT_EQ(alice({"apps:create", "other"}).err,
            " !     Access denied\n !     This key is for blog, shop only, not for other\n");
  EXPECT_EQ(alice({"apps:create", "shop"}).status, 0);
  EXPECT_EQ(alice({"domains:add-global", "example.com"}).status, 1);
  EXPECT_EQ(alice({"events"}).out.find("hidden"), std::string::npos);
  must("ssh-keys:set", "alice", "apps");
  EXPECT_EQ(alice({"apps:exists", "hidden"}).status, 0);
}

// Whatever is typed and wherever the name stands: nothing of the hidden app comes out or changes.
TEST_F(Roles, NoCommandLeadsAroundTheScope) {
  must("apps:create", "blog");
  must("apps:create", "hidden");
  must("domains:set", "hidden", "secret.example.com");
  must("config:set", "hidden", "PASSWORD=hunter2");
  deploy("hidden");
  add_alice({"--app", "blog"});
  const std::string before = dump();
  for (const auto& [name, command] : registry_.commands()) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{},
                                               {"hidden"},
                                               {"hidden", "x"},
                                               {"hidden", "A=1"},
                                               {"--all"},
                                               {"--global"},
                                               {"--container", "hidden.run.1"},
                                               {"hidden.run.1"},
                                               {"hidden", "--format", "json"}}) {
      if (words.empty() || !names_app(command)) {
        if (!only_looks(command)) continue;  // of blog, or refused: tested above
      }
      std::vector<std::string> line{name};
      line.insert(line.end(), words.begin(), words.end());
      const Outcome outcome = alice(line);
      EXPECT_EQ(outcome.out.find("secret.example.com"), std::string::npos) << name << outcome;
      EXPECT_EQ((outcome.out + outcome.err).find("hunter2"), std::string::npos) << name << outcome;
    }
  }
  std::string after = dump();
  EXPECT_TRUE(after == before) << after;
}

TEST_F(Roles, KeysFollowTheAppsNameAndAreListedWithTheirRole) {
  add_alice({"--role", "deploy", "--app", "blog"});
  EXPECT_NE(run("ssh-keys:list").out.find(" ROLE=\"deploy\" APPS=\"blog\"\n"), std::string::npos);
  const std::string json = run("ssh-keys:list", "--format", "json").out;
  EXPECT_NE(json.find(R"("apps":"blog")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("role":"deploy")"), std::string::npos) << json;
  EXPECT_EQ(run("ssh-keys:set", "alice", "role", "king").err,
            " !     Invalid role specified, valid roles include: admin, deploy, read\n");
  EXPECT_EQ(run("ssh-keys:set", "bob", "role", "read").err,
            " !     There is no key named bob\n !     See: dokku ssh-keys:list\n");
  EXPECT_EQ(run("ssh-keys:set", "alice", "colour", "red").err,
            " !     Invalid property specified, valid properties include: apps, role\n");
  EXPECT_EQ(run("ssh-keys:add", "--role", "king", "bob").status, 1);
  EXPECT_EQ(run("ssh-keys:add", "--app", "../x", "bob").status, 1);
}

}  // namespace
}  // namespace dokku::cli
