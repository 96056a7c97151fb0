#include "buildstep/image/root_layer.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <fstream>

#include "base/io.h"
#include "base/process.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

class RootLayer : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "dokku-root-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directories(root_ / "upper");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void write(const std::string& path) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << path;
  }
  std::string listing(const RootLayerOptions& options) {
    Result<runtime::LayerFile> layer =
        write_root_layer(root_ / "upper", root_ / "layer.tar.zst", options);
    EXPECT_TRUE(layer.has_value()) << layer.error().message();
    Result<Pipe> output = make_pipe();
    ProcessSpec spec{.program = "/bin/tar",
                     .arguments = {"tar", "--zstd", "-tf", (root_ / "layer.tar.zst").string()},
                     .environment = {"PATH=/usr/bin:/bin"}};
    spec.stdout_fd = output->write.get();
    Result<Process> process = Process::start(spec);
    output->write.reset();
    std::string text = *read_all(output->read.get(), 1 << 20);
    EXPECT_TRUE(process->wait()->ok());
    return text;
  }
  fs::path root_;
};

TEST_F(RootLayer, LeavesOutLitterAndDevices) {
  write("upper/var/log/apt.log");
  write("upper/usr/bin/tool");
  ::mknod((root_ / "upper/null").c_str(), S_IFCHR | 0666, ::makedev(1, 3));
  EXPECT_EQ(listing({.emptied = {"var/log"}}), "usr/\nusr/bin/\nusr/bin/tool\nvar/\nvar/log/\n");
}

TEST_F(RootLayer, WritesAnOverlaysDeletionsAsOciDoes) {
  write("lower/etc/conf/old");
  write("upper/etc/conf/new");
  write("upper/etc/fresh/new");
  for (const char* folder : {"upper/etc/conf", "upper/etc/fresh"}) {
    ASSERT_EQ(::setxattr((root_ / folder).c_str(), "trusted.overlay.opaque", "y", 1, 0), 0);
  }
  ASSERT_EQ(::mknod((root_ / "upper/etc/gone").c_str(), S_IFCHR, ::makedev(0, 0)), 0);
  // Only a folder that hides one below is opaque: the other would hide its like of another layer.
  EXPECT_EQ(listing({.lowers = {root_ / "lower"}}),
            "etc/\netc/conf/\netc/conf/.wh..wh..opq\netc/conf/new\netc/fresh/\netc/fresh/new\n"
            "etc/.wh.gone\n");
}

TEST_F(RootLayer, AFailureLeavesNoFile) {
  EXPECT_FALSE(write_root_layer(root_ / "none", root_ / "layer.tar.zst", {}).has_value());
  EXPECT_FALSE(fs::exists(root_ / "layer.tar.zst"));
}

}  // namespace
}  // namespace dokku::buildstep
