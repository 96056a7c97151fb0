#include "buildstep/image/layers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/io.h"
#include "base/process.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

class LayersOfATree : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "dokku-layers-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directory(root_ / "tree");
    fs::create_directory(root_ / "out");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void write(const std::string& path, const std::string& content) {
    fs::create_directories((root_ / "tree" / path).parent_path());
    std::ofstream(root_ / "tree" / path) << content;
  }
  Layers make(std::map<std::string, KnownLayer> known = {}) {
    const UniqueFd tree = *open_file(root_ / "tree", O_RDONLY | O_DIRECTORY);
    LayerOptions options;
    options.directory = root_ / "out";
    options.known = std::move(known);
    Result<Layers> made = write_layers(tree.get(), options);
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return made ? std::move(*made) : Layers{};
  }
  std::string listing(const std::string& part) {
    Result<Pipe> output = make_pipe();
    ProcessSpec spec{
        .program = "/bin/tar",
        .arguments = {"tar", "--utc", "-tvf", (root_ / "out" / (part + ".tar")).string()},
        .environment = {}};
    spec.stdout_fd = output->write.get();
    Result<Process> process = Process::start(spec);
    output->write.reset();
    return *read_all(output->read.get(), 1 << 20);
  }
  fs::path root_;
};

TEST_F(LayersOfATree, AreCutByFolderBottomFirst) {
  write("index.js", "1");
  write(".heroku/node/bin/node", "2");
  write("node_modules/a/index.js", "3");
  write("node_modules_not/x", "4");
  write("vendor/bundle/gem", "5");
  write("vendor/other", "6");
  const Layers made = make();
  ASSERT_EQ(made.layers.size(), 3U);
  EXPECT_EQ(made.layers[0].part, "runtime");
  EXPECT_EQ(made.layers[1].part, "dependencies");
  EXPECT_EQ(made.layers[2].part, "app");
  EXPECT_NE(listing("runtime").find(" app/.heroku/node/bin/node\n"), std::string::npos);
  EXPECT_NE(
      listing("dependencies").find("drwxr-xr-x 32767/32767       0 2000-01-01 00:00 app/vendor/\n"),
      std::string::npos)
      << listing("dependencies");
  EXPECT_NE(listing("app").find(" app/vendor/other\n"), std::string::npos);
  EXPECT_EQ(listing("app").find("vendor/bundle"), std::string::npos);
}

TEST_F(LayersOfATree, SameTreeSameDigest) {
  write("b", "1");
  write("a/c", std::string(3 << 20, 'x'));
  fs::create_symlink("a/c", root_ / "tree/link");
  const std::string first = make().layers[0].file.digest.str();
  fs::rename(root_ / "tree", root_ / "old");
  write("a/c", std::string(3 << 20, 'x'));
  fs::create_symlink("a/c", root_ / "tree/link");
  write("b", "1");
  EXPECT_EQ(make().layers[0].file.digest.str(), first);
  write("b", "2");
  EXPECT_NE(make().layers[0].file.digest.str(), first);
}

TEST_F(LayersOfATree, KeepModesAndHardLinksAndFollowNothing) {
  write("script", "x");
  fs::permissions(root_ / "tree/script", fs::perms(0750));
  ::chmod((root_ / "tree/script").c_str(), 04750);
  fs::create_hard_link(root_ / "tree/script", root_ / "tree/twin");
  fs::create_symlink("/etc", root_ / "tree/etc");
  ::mkfifo((root_ / "tree/fifo").c_str(), 0644);
  const Layers made = make();
  const std::string list = listing("app");
  EXPECT_NE(list.find("-rwxr-x--- 32767/32767       1 2000-01-01 00:00 app/script\n"),
            std::string::npos)
      << list;
  EXPECT_NE(list.find("app/twin link to app/script\n"), std::string::npos) << list;
  EXPECT_NE(list.find("app/etc -> /etc\n"), std::string::npos) << list;
  EXPECT_EQ(list.find("passwd"), std::string::npos);
  EXPECT_EQ(made.skipped, std::vector<std::string>{"fifo"});
}

TEST_F(LayersOfATree, AKnownLayerIsNotWrittenAgain) {
  write("index.js", "1");
  write("node_modules/a", "2");
  const Layers first = make();
  std::map<std::string, KnownLayer> known;
  for (const Layer& layer : first.layers) known[layer.part] = layer.known;
  write("index.js", "changed");
  const Layers second = make(known);
  EXPECT_EQ(second.layers[0].file.digest, first.layers[0].file.digest);
  EXPECT_TRUE(second.layers[0].file.path.empty());
  EXPECT_FALSE(second.layers[1].file.path.empty());
}

TEST_F(LayersOfATree, AnEmptyTreeIsStillAFolder) {
  const Layers made = make();
  ASSERT_EQ(made.layers.size(), 1U);
  EXPECT_EQ(listing("app"), "drwxr-xr-x 32767/32767       0 2000-01-01 00:00 app/\n");
}

}  // namespace
}  // namespace dokku::buildstep
