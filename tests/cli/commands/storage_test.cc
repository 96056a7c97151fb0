#include <sys/stat.h>

#include "running_app.h"

namespace dokku::cli {
namespace {

class StorageCommands : public RunningAppTest {
 protected:
  void SetUp() override {
    RunningAppTest::SetUp();
    must("apps:create", "blog");
  }
  std::filesystem::path storage() { return instance_.storage_dir(); }
};

TEST_F(StorageCommands, DirectoriesAreMadeAndGiven) {
  const std::string path = (storage() / "blog").string();
  EXPECT_EQ(
      run("storage:ensure-directory", "--chown", "false", "blog"),
      (Outcome{0, "-----> Ensuring " + path + " exists\n       Directory ready for mounting\n",
               ""}));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  must("storage:exists", "blog");
  EXPECT_EQ(run("storage:exists", "other").status, 1);
  if (::geteuid() == 0) {
    EXPECT_NE(run("storage:ensure-directory", "blog")
                  .out.find("       Setting directory ownership to 32767:32767\n"),
              std::string::npos);
    struct stat seen {};
    ASSERT_EQ(::stat(path.c_str(), &seen), 0);
    EXPECT_EQ(seen.st_uid, 32767U);
  }
}

TEST_F(StorageCommands, OtherNamesAndOwnersAreRefused) {
  const Outcome refused = {
      1, "", " !     Directory can only contain the following set of characters: [A-Za-z0-9_-]\n"};
  for (const char* name : {"../etc", "a/b", "a b", ".", "$(id)"}) {
    EXPECT_EQ(run("storage:ensure-directory", name), refused) << name;
    EXPECT_EQ(run("storage:exists", name), refused) << name;
  }
  EXPECT_EQ(run("storage:ensure-directory", "--chown", "nobody", "x").err,
            " !     Unsupported chown permissions\n");
  // A link in its place is no directory of ours.
  std::filesystem::create_directories(storage());
  std::filesystem::create_symlink("/etc", storage() / "link");
  EXPECT_EQ(run("storage:ensure-directory", "link").status, 1);
  EXPECT_EQ(run("storage:exists", "link").status, 1);
}

TEST_F(StorageCommands, MountListAndUnmount) {
  EXPECT_EQ(run("storage:mount", "blog", "/tmp:/data"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("storage:mount", "blog", "/var:/data"),
            (Outcome{1, "", " !     Mount path already exists.\n"}));
  must("storage:mount", "blog", "shared:/shared:ro");
  EXPECT_EQ(run("storage:list", "blog").out,
            "-----> blog volume bind-mounts:\n       /tmp:/data\n       shared:/shared:ro\n");
  EXPECT_EQ(run("--quiet", "storage:list", "blog").out, "/tmp:/data\nshared:/shared:ro\n");
  EXPECT_EQ(run("storage:list", "blog", "--format", "json").out,
            "[{\"container_path\":\"/data\",\"entry_name\":\"\",\"host_path\":\"/tmp\","
            "\"readonly\":\"false\",\"volume_options\":\"\"},"
            "{\"container_path\":\"/shared\",\"entry_name\":\"shared\",\"host_path\":\"" +
                (storage() / "shared").string() +
                "\",\"readonly\":\"true\",\"volume_options\":\"ro\"}]\n");
  EXPECT_EQ(run("storage:report", "blog", "--storage-deploy-mounts").out,
            "-v /tmp:/data -v shared:/shared:ro\n");
  EXPECT_EQ(run("storage:unmount", "blog", "/tmp:/data"), (Outcome{0, "", ""}));
  EXPECT_EQ(run("storage:unmount", "blog", "/tmp:/data"),
            (Outcome{1, "", " !     Mount path does not exist.\n"}));
  const std::string invalid = " !     Storage path must be two valid paths divided by colon.\n";
  for (const char* word : {"/tmp", "/tmp:data", "/tmp/../etc:/x", ":/x", "/tmp:/x:exec"}) {
    EXPECT_EQ(run("storage:mount", "blog", word), (Outcome{1, "", invalid})) << word;
  }
}

TEST_F(StorageCommands, AKeyReachesStorageFoldersAlone) {
  const Result<> added = store_->write([](server::WriteTx&) { return Result<>(); });
  ASSERT_TRUE(added);
  FakeSession key;
  key.caller_.kind = Caller::Kind::key;
  EXPECT_NE(run_in(key, {"storage:mount", "blog", "/etc:/data"}).status, 0);
  EXPECT_EQ(run("storage:list", "blog").out, "-----> blog volume bind-mounts:\n");
}

TEST_F(StorageCommands, MountsAreSeenByProcessesAndRuns) {
  must("storage:mount", "blog", "/tmp:/data:ro");
  push("blog", {{"web", "node server.js"}});
  const auto mounts_of = [&](const std::string& container) {
    std::string out;
    const auto spec = containers_.spec(container);
    for (const runtime::Mount& mount : spec->mounts) {
      if (mount.target == "/data") {
        out = mount.source.string() + (mount.read_only ? " ro" : " rw");
      }
    }
    return out;
  };
  EXPECT_EQ(mounts_of("blog.web.1.r1"), "/tmp ro");
  const Outcome started = run("run:detached", "blog", "sleep", "100");
  EXPECT_EQ(mounts_of(started.out.substr(0, started.out.size() - 1)), "/tmp ro");
}

TEST_F(StorageCommands, NamedEntriesAreFolders) {
  EXPECT_EQ(run("storage:create", "--chown", "false", "pics"),
            (Outcome{0, "-----> Storage entry pics created\n", ""}));
  EXPECT_TRUE(std::filesystem::is_directory(storage() / "pics"));
  EXPECT_EQ(run("storage:create", "--chown", "root", "pics").out,
            "-----> Storage entry pics is there\n");
  EXPECT_EQ(run("storage:create", "../x").status, 1);
  EXPECT_EQ(run("storage:create", "x", "/etc").status, 1);
  EXPECT_EQ(run("storage:list-entries").out, "=====> Storage entries\npics\n");
  EXPECT_EQ(run("--quiet", "storage:list-entries").out, "pics\n");
  EXPECT_EQ(run("storage:mount", "blog", "pics", "--container-dir", "/pics", "--volume-readonly"),
            (Outcome{0, "", ""}));
  EXPECT_EQ(run("storage:list", "blog").out,
            "-----> blog volume bind-mounts:\n       pics:/pics:ro\n");
  EXPECT_EQ(
      run("storage:mount", "blog", "pics", "--container-dir", "/x", "--process-type", "web").err,
      " !     --process-type is not there yet: all processes see the whole entry\n");
  EXPECT_EQ(run("storage:report", "blog", "--storage-attachment.1.entry-name").out, "pics\n");
  EXPECT_EQ(run("storage:report", "blog", "--storage-attachment.1.container-path").out, "/pics\n");
  EXPECT_EQ(run("storage:report", "blog", "--storage-attachment.1.readonly").out, "true\n");
  EXPECT_EQ(run("storage:unmount", "blog", "pics", "--container-dir", "/pics"),
            (Outcome{0, "", ""}));
  must("storage:mount", "blog", "pics", "--container-dir", "/a");
  must("storage:mount", "blog", "pics", "--container-dir", "/b");
  EXPECT_EQ(run("storage:unmount", "blog", "other").err, " !     Mount path does not exist.\n");
  must("storage:unmount", "blog", "pics");
  EXPECT_EQ(run("storage:list", "blog").out, "-----> blog volume bind-mounts:\n");
}

}  // namespace
}  // namespace dokku::cli
