#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "running_app.h"
#include "server/platform/volume_tree.h"
#include "server/store/config.h"
#include "server/store/domains.h"
#include "server/store/formation.h"

namespace dokku::cli {
namespace {

namespace fs = std::filesystem;

std::string content_of(const UniqueFd& file) {
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  return read_all(file.get(), 64 << 20).value_or("?");
}

class Backup : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("domains:set-global", "old.test");
    must("apps:create", "blog");
    must("config:set", "--no-restart", "blog", "TEXT=one\ntwo", "SECRET=hunter2");
    must("domains:add", "blog", "www.example.com");
    must("storage:ensure-directory", "--chown", "false", "data");
    must("storage:mount", "blog", "data:/data");
    std::ofstream(volume("data") / "file") << "kept";
    fs::create_directory(volume("data") / "folder");
    std::ofstream(volume("data") / "folder/other") << std::string(300'000, '\0') << "end";
    fs::create_symlink("../outside", volume("data") / "link");
    push("blog", {{"web", "server"}});
    must("ps:scale", "blog", "web=2");
    lifecycle_.taken();
  }

  fs::path volume(const std::string& name) { return instance_.storage_dir() / name; }

  // What the command writes on its standard output, or into FILE.
  std::string written(const std::vector<std::string>& words, const std::string& file = "") {
    FakeSession session;
    session.files = files_;
    const Outcome outcome = run_in(session, words);
    EXPECT_EQ(outcome.status, 0) << outcome;
    said_ = outcome;
    const auto made = session.created.find(file);
    return made == session.created.end() ? std::string() : content_of(made->second);
  }

  Outcome read(const std::string& bytes, const std::vector<std::string>& words) {
    FakeSession session;
    session.files = files_;
    session.files["FILE"] = bytes;
    return run_in(session, words);
  }

  void destroy_all() {
    must("--force", "apps:destroy", "blog");
    fs::remove_all(instance_.storage_dir());
    lifecycle_.taken();
  }

  template <class F>
  auto look(F f) {
    auto result = store_->read(f);
    EXPECT_TRUE(result) << result.error().message();
    return *result;
  }

  // What nobody may find after a refusal.
  std::string everything() {
    std::string all = dump();
    const auto images = images_.list("");
    for (const auto& image : *images) all += image.str() + "\n";
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(instance_.state_dir, none)) {
      const std::string path = entry.path().string();
      if (path.find("dokku.db") == std::string::npos) all += path + "\n";
    }
    return all;
  }

  std::map<std::string, std::string> files_;
  Outcome said_;
};

TEST_F(Backup, AnAppComesBackUnderAnotherName) {
  const std::string bytes = written({"apps:export", "blog", "-"});
  EXPECT_EQ(said_.out, "");  // it is the backup's
  const Outcome outcome = read(bytes, {"apps:import", "--name", "copy", "FILE"});
  ASSERT_EQ(outcome.status, 0) << outcome;
  EXPECT_NE(outcome.err.find("The domain www.example.com was left out: blog has it"),
            std::string::npos)
      << outcome;
  EXPECT_NE(outcome.err.find("Its storage directory data is copy-data here"), std::string::npos);
  EXPECT_EQ(run("config:get", "copy", "TEXT").out, "one\ntwo\n");
  EXPECT_EQ(run("domains:report", "copy", "--domains-app-vhosts").out, "copy.old.test\n");
  EXPECT_EQ(run("--quiet", "storage:list", "copy").out, "copy-data:/data\n");
  std::ifstream file(volume("copy-data") / "file");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "kept");
  EXPECT_EQ(fs::read_symlink(volume("copy-data") / "link"), "../outside");
  EXPECT_EQ(fs::file_size(volume("copy-data") / "folder/other"), 300'003U);
  const auto app = look([](server::ReadTx& tx) { return server::find_app(tx, "copy"); });
  const auto live = look([&](server::ReadTx& tx) { return server::live_release(tx, app.id); });
  ASSERT_TRUE(live);
  EXPECT_EQ(live->image_ref, "dokku/copy:r1");
  EXPECT_TRUE(fs::exists(instance_.sources_dir() / live->source_file)) << live->source_file;
  const auto counts = look([&](server::ReadTx& tx) { return server::load_formation(tx, app.id); });
  EXPECT_EQ(counts.at("web"), 2U);
  EXPECT_EQ(executor_->instances("copy").size(), 2U);
  EXPECT_EQ(executor_->instances("blog").size(), 2U);
}

TEST_F(Backup, ATakenNameIsRefusedAndAFreeOneIsNamed) {
  const std::string bytes = written({"apps:export", "blog"});
  const std::string before = everything();
  EXPECT_EQ(read(bytes, {"apps:import", "FILE"}).err,
            " !     Name is already taken\n"
            " !     Give it another: dokku apps:import --name NEW FILE\n");
  EXPECT_EQ(read(bytes, {"apps:import", "FILE"}).status, 1);
  EXPECT_EQ(read(bytes, {"server:restore", "FILE"}).status, 1);
  EXPECT_EQ(read(bytes, {"apps:import", "--name", "../x", "FILE"}).status, 1);
  EXPECT_EQ(everything(), before);
}

TEST_F(Backup, WithoutVolumesTheFolderIsEmptyAndItsOwn) {
  const std::string bytes = written({"apps:export", "--no-volumes", "blog"});
  const Outcome outcome = read(bytes, {"apps:import", "--name", "copy", "--no-volumes", "FILE"});
  ASSERT_EQ(outcome.status, 0) << outcome;
  EXPECT_NE(run("storage:list", "copy").out.find("copy-data"), std::string::npos);
  EXPECT_FALSE(fs::exists(volume("copy-data") / "file"));
}

TEST_F(Backup, AWholeServerComesBackWithAnotherDomain) {
  const std::string bytes = written({"server:backup", "out"}, "out");
  EXPECT_NE(said_.out.find("=====> Written to out: 1 app, "), std::string::npos) << said_;
  destroy_all();
  must("domains:set-global", "b.test");
  const Outcome outcome = read(bytes, {"server:restore", "--domain", "new.test", "FILE"});
  ASSERT_EQ(outcome.status, 0) << outcome;
  EXPECT_NE(outcome.out.find("-----> Restored 1 app\n"), std::string::npos) << outcome;
  EXPECT_EQ(run("domains:report", "--global", "--domains-global-vhosts").out, "new.test\n");
  EXPECT_EQ(run("domains:report", "blog", "--domains-app-vhosts").out,
            "blog.new.test www.example.com\n");
  EXPECT_EQ(run("config:get", "blog", "TEXT").out, "one\ntwo\n");
  EXPECT_TRUE(fs::exists(volume("data") / "file"));
  EXPECT_EQ(executor_->instances("blog").size(), 2U);
  EXPECT_FALSE(fs::exists(instance_.state_dir / "transfers"));
  const auto images = images_.list("");
  for (const auto& image : *images) {
    EXPECT_EQ(image.str().find("transfer/"), std::string::npos) << image.str();
  }
}

TEST_F(Backup, OfThisServerKeysStayAndHistoryComes) {
  const std::string bytes = written({"server:backup"});
  destroy_all();
  FakeSession session;
  session.stdin_ =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl me\n";
  ASSERT_EQ(run_in(session, {"ssh-keys:add", "mine"}).status, 0) << session.complained();
  ASSERT_EQ(read(bytes, {"server:restore", "FILE"}).status, 0);
  EXPECT_NE(run("ssh-keys:list").out.find("mine"), std::string::npos);
  EXPECT_NE(run("config:history", "blog").out.find("config:set"), std::string::npos);
}

TEST_F(Backup, AppsThatAreThereAreNamedAndStay) {
  const std::string bytes = written({"server:backup"});
  const std::string before = everything();
  const Outcome outcome = read(bytes, {"server:restore", "FILE"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("There are apps on this server: blog"), std::string::npos) << outcome;
  EXPECT_EQ(everything(), before);
  const Outcome forced = read(bytes, {"server:restore", "--force", "FILE"});
  EXPECT_EQ(forced.status, 0) << forced;
  EXPECT_NE(forced.err.find("What was in the storage directory data is in data.before-restore-1"),
            std::string::npos)
      << forced;
}

// At any byte: the format itself is tested for every one in tests/server/backup.
TEST_F(Backup, ACutOrChangedFileChangesNothing) {
  files_["word"] = "passphrase\n";
  for (const bool sealed : {false, true}) {
    const std::string bytes = sealed ? written({"server:backup", "--passphrase-file", "word"})
                                     : written({"server:backup"});
    std::vector<std::string> words{"server:restore", "--force", "FILE"};
    if (sealed) words.insert(words.end(), {"--passphrase-file", "word"});
    const std::string before = everything();
    const std::size_t step = sealed ? bytes.size() / 7 : bytes.size() / 60;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const Outcome cut = read(bytes.substr(0, at), words);
      EXPECT_EQ(cut.status, 1) << "cut at " << at;
      EXPECT_EQ(cut.err.rfind(" !     The backup", 0), 0U) << cut;
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x20);
      EXPECT_EQ(read(changed, words).status, 1) << "changed at " << at;
    }
    EXPECT_EQ(everything(), before);
  }
}

TEST_F(Backup, AKeyPairSealsAndOpens) {
  const std::string pair = run("server:backup-key").out;
  const std::size_t at = pair.find("dokku-backup-public-");
  ASSERT_NE(at, std::string::npos);
  const std::string open = pair.substr(at, pair.find('\n', at) - at);
  files_["secret"] = pair;
  files_["other"] = run("server:backup-key").out;
  const std::string bytes = written({"apps:export", "--recipient", open, "blog"});
  EXPECT_EQ(said_.err.find("clear text"), std::string::npos) << said_;
  EXPECT_EQ(bytes.find("hunter2"), std::string::npos);
  const auto import = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"apps:import", "--name", "copy", "FILE"};
    words.insert(words.end(), more.begin(), more.end());
    return read(bytes, words);
  };
  EXPECT_EQ(import({}).err, " !     The backup is sealed: it needs its secret key\n");
  EXPECT_EQ(import({"--identity", "other"}).err, " !     This key does not open the backup\n");
  const Outcome done = import({"--identity", "secret"});
  EXPECT_EQ(done.status, 0) << done;
}

TEST_F(Backup, AtATerminalThePassphraseIsTypedTwice) {
  FakeSession session;
  session.terminal_.stdin_is_terminal = true;
  session.answers = {"word", "word"};
  ASSERT_EQ(run_in(session, {"apps:export", "blog", "out"}).status, 0) << session.complained();
  const std::string bytes = content_of(session.created.at("out"));
  EXPECT_EQ(bytes.find("hunter2"), std::string::npos);
  FakeSession again;
  again.terminal_.stdin_is_terminal = true;
  again.answers = {"word"};
  again.files["FILE"] = bytes;
  EXPECT_EQ(run_in(again, {"apps:import", "--name", "copy", "FILE"}).status, 0)
      << again.complained();
  FakeSession mistyped;
  mistyped.terminal_.stdin_is_terminal = true;
  mistyped.answers = {"word", "wrod"};
  EXPECT_EQ(run_in(mistyped, {"apps:export", "blog", "out"}).status, 1);
  EXPECT_TRUE(mistyped.created.empty());
}

TEST_F(Backup, IsSaidToBeInClearTextAndNothingSecretIsPrinted) {
  const std::string bytes = written({"server:backup", "out"}, "out");
  EXPECT_NE(said_.err.find("The file will not be sealed: config, keys and certificates are in it "
                           "in clear text"),
            std::string::npos)
      << said_;
  EXPECT_NE(bytes.find("hunter2"), std::string::npos);
  EXPECT_EQ(said_.out.find("hunter2"), std::string::npos);
  EXPECT_EQ(said_.err.find("hunter2"), std::string::npos);
  EXPECT_EQ(run("events").out.find("hunter2"), std::string::npos);
}

TEST_F(Backup, GoesToNoTerminalAndOverSshOnlyToStandardOutput) {
  FakeSession session;
  session.terminal_.stdout_is_terminal = true;
  const Outcome outcome = run_in(session, {"server:backup"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("Name a file, or send standard output to one"), std::string::npos);
  EXPECT_TRUE(session.created.empty());
  EXPECT_EQ(run("server:backup", "a", "b").status, 1);
}

TEST_F(Backup, TheFormsOf2013StillMeanIt) {
  const std::string bytes = written({"backup:export", "out"}, "out");
  EXPECT_NE(read(bytes, {"backup:import", "FILE"}).err.find("There are apps on this server: blog"),
            std::string::npos);
  EXPECT_EQ(read(bytes, {"backup:import", "-f", "FILE"}).status, 0);
}

// A stranger's export cannot reach into the host.
TEST_F(Backup, AMountOfTheHostIsLeftOutByName) {
  must("storage:mount", "blog", "/etc:/host");
  const std::string bytes = written({"apps:export", "blog"});
  EXPECT_NE(said_.err.find("blog: /etc is outside of the storage directory"), std::string::npos);
  const Outcome outcome = read(bytes, {"apps:import", "--name", "copy", "FILE"});
  EXPECT_NE(outcome.err.find("The mount /etc:/host was left out"), std::string::npos) << outcome;
  EXPECT_EQ(run("storage:list", "copy").out.find("/etc"), std::string::npos);
}

}  // namespace
}  // namespace dokku::cli
