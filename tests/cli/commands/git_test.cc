#include "base/atomic_file.h"
#include "base/io.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

using GitCommands = CommandsTest;

TEST_F(GitCommands, SetAndReportComeInThrees) {
  must("apps:create", "blog");
  EXPECT_EQ(run("git:report", "blog", "--git-computed-deploy-branch").out, "master\n");
  EXPECT_EQ(run("git:set", "blog", "deploy-branch", "release/1.x").out,
            "=====> Setting deploy-branch to release/1.x\n");
  EXPECT_EQ(run("git:report", "blog", "--git-deploy-branch").out, "release/1.x\n");
  EXPECT_EQ(run("git:set", "--global", "deploy-branch", "main").status, 0);
  EXPECT_EQ(run("git:set", "blog", "deploy-branch").out, "=====> Unsetting deploy-branch\n");
  EXPECT_EQ(run("git:report", "blog", "--git-computed-deploy-branch").out, "main\n");
  EXPECT_EQ(run("git:report", "blog", "--git-sha").out, "HEAD\n");
  deploy("blog");
  EXPECT_EQ(run("git:report", "blog", "--git-sha").out, "01234567\n");
}

TEST_F(GitCommands, WrongKeysAndValuesChangeNothing) {
  must("apps:create", "blog");
  const std::string before = dump();
  EXPECT_EQ(run("git:set", "blog").err, " !     No key specified\n");
  EXPECT_EQ(run("git:set", "blog", "colour", "red").err,
            " !     Invalid key specified, valid keys include: deploy-branch, keep-git-dir, "
            "rev-env-var\n");
  for (const char* branch : {"-x", "a..b", "a b", "$(id)", "/a", "a~1"}) {
    EXPECT_EQ(run("git:set", "blog", "deploy-branch", branch).status, 1) << branch;
  }
  EXPECT_EQ(run("git:set", "blog", "keep-git-dir", "perhaps").status, 1);
  EXPECT_EQ(dump(), before);
  must("git:set", "blog", "rev-env-var");
  EXPECT_EQ(run("git:report", "blog", "--git-computed-rev-env-var").out, "\n");
}

TEST_F(GitCommands, TheConfigVariableOfOldTutorialsNamesTheDeployBranch) {
  must("apps:create", "blog");
  must("config:set", "blog", "DOKKU_DEPLOY_BRANCH=trunk");
  const auto branch = [&] {
    return store_
        ->read([&](server::ReadTx& tx) -> Result<server::GitSettings> {
          const server::App app = TRY(server::find_app(tx, std::string_view("blog")));
          return server::git_settings(tx, app.id);
        })
        ->deploy_branch;
  };
  EXPECT_EQ(branch(), "trunk");
  must("git:set", "blog", "deploy-branch", "main");
  EXPECT_EQ(branch(), "main");
}

TEST_F(GitCommands, StatusOfAnAppThatWasNeverPushed) {
  must("apps:create", "blog");
  EXPECT_EQ(run("git:status", "blog"), (Outcome{0, "No commits yet\n", ""}));
}

TEST_F(GitCommands, KeepGitDirIsToldToTheHookOfAPush) {
  must("apps:create", "blog");
  FakeSession root;
  root.stdin_ = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl";
  ASSERT_EQ(run_in(root, {"ssh-keys:add", "alice"}).status, 0);
  // There already: else git would make it, as another user.
  std::filesystem::create_directories(instance_.git_dir() / "blog.git");
  ASSERT_TRUE(write_file_atomically(instance_.git_dir() / "blog.git/HEAD", "ref: x\n"));
  const auto told = [&] {
    FakeSession session;
    session.caller_ = {Caller::Kind::key, "SHA256:57H0RTBq3YvAGilvcmmJptb5/3me1askmJMu5pKVkSU",
                       "dokku"};
    run_in(session, {"git-receive-pack", "blog"});
    if (!session.became) return std::string("no git: " + session.complained());
    std::string all;
    for (const std::string& each : session.became->environment) all += each + " ";
    return all;
  };
  EXPECT_EQ(told().find("KEEP_GIT_DIR"), std::string::npos);
  EXPECT_EQ(run("git:set", "blog", "keep-git-dir", "true").out,
            "=====> Setting keep-git-dir to true\n");
  EXPECT_NE(told().find("DOKKU_PUSH_KEEP_GIT_DIR=true "), std::string::npos) << told();
}

std::string wire_key(const std::string& body) {
  return std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + body;
}

TEST_F(GitCommands, AllowHostWritesDownTheKeyThatAHostShows) {
  host_keys_["git.example.com"] = wire_key(std::string(32, 'a'));
  const Outcome allowed = run("git:allow-host", "git.example.com");
  EXPECT_EQ(allowed.status, 0) << allowed;
  EXPECT_EQ(allowed.out.rfind("-----> git.example.com is trusted now\n"
                              "       ssh-ed25519 SHA256:",
                              0),
            0U)
      << allowed;
  const auto known = [&] { return *read_file(folder_ / "home/.ssh/known_hosts"); };
  EXPECT_EQ(known().rfind("git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 0), 0U) << known();
  EXPECT_EQ(run("git:allow-host", "git.example.com")
                .out.rfind("-----> git.example.com is trusted already\n", 0),
            0U);
  must("git:allow-host", "git.example.com:2222");
  EXPECT_NE(known().find("\n[git.example.com]:2222 ssh-ed25519 "), std::string::npos) << known();
  // Another key under a known name is what the file is there to find out.
  const std::string before = known();
  host_keys_["git.example.com"] = wire_key(std::string(32, 'b'));
  const Outcome changed = run("git:allow-host", "git.example.com");
  EXPECT_EQ(changed.status, 1);
  EXPECT_NE(changed.err.find("shows another ssh-ed25519 key than before"), std::string::npos);
  EXPECT_EQ(known(), before);
}

TEST_F(GitCommands, AllowHostTakesHostsOnly) {
  EXPECT_EQ(run("git:allow-host").err, " !     No host specified\n");
  for (const char* bad :
       {"-oProxyCommand=x", "a b", "a/b", "a:0", "a:b", "a:70000", ":22", "[]", "$(id)", "a;b"}) {
    const Outcome refused = run("git:allow-host", bad);
    EXPECT_EQ(refused.status, 1) << bad;
    EXPECT_EQ(refused.err, std::string(" !     Invalid host specified: ") + bad + "\n");
  }
  EXPECT_EQ(run("git:allow-host", "silent.example.com").err,
            " !     No ssh server answers at silent.example.com\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "home/.ssh/known_hosts"));
}

TEST_F(GitCommands, TheDeployKeyIsMadeOnce) {
  EXPECT_EQ(run("git:public-key").err,
            " !     There is no deploy key associated with the dokku user.\n"
            " !     Make one: dokku git:generate-deploy-key\n");
  const Outcome made = run("--quiet", "git:generate-deploy-key");
  EXPECT_EQ(made.status, 0) << made;
  EXPECT_EQ(made.out.rfind("ssh-ed25519 AAAA", 0), 0U) << made;
  EXPECT_EQ(run("git:public-key").out, made.out);
  EXPECT_EQ(run("git:generate-deploy-key").status, 1);
  EXPECT_EQ(run("git:public-key").out, made.out);
  const auto mode = std::filesystem::status(folder_ / "home/.ssh/id_ed25519").permissions();
  EXPECT_EQ(static_cast<int>(mode) & 0077, 0);
}

TEST_F(GitCommands, UnlockRemovesTheDeployLock) {
  must("apps:create", "blog");
  EXPECT_EQ(run("git:unlock", "blog"), (Outcome{1, "", " !     Unable to remove deploy lock\n"}));
  must("apps:lock", "blog");
  EXPECT_EQ(run("git:unlock", "blog"), (Outcome{0, "-----> Deploy lock removed\n", ""}));
}

}  // namespace
}  // namespace dokku::cli
