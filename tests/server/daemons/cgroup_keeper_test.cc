#include "server/daemons/cgroup_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/io.h"

namespace dokku::server {
namespace {

TEST(CgroupKeeper, FindsTheUnifiedGroupAmongTheOthers) {
  EXPECT_EQ(unified_cgroup_of("8:pids:/a\n1:name=systemd:/b\n0::/dokku.slice/x.service\n"),
            "/dokku.slice/x.service");
  EXPECT_EQ(unified_cgroup_of("0::/only"), "/only");
  EXPECT_EQ(unified_cgroup_of("8:pids:/a\n"), "");
  EXPECT_EQ(unified_cgroup_of(""), "");
}

TEST(CgroupKeeper, GoesIntoAGroupBesideTheContainers) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / ("cgroup-" + std::to_string(::getpid()));
  const fs::path keeper = root / "dokku.slice" / "dokku-apps.service" / "keeper";
  fs::create_directories(keeper);
  ASSERT_TRUE(write_file_atomically(keeper / "cgroup.procs", ""));  // the kernel's own file
  const Result<> moved = move_aside(root, "/dokku.slice/dokku-apps.service", 4711);
  EXPECT_TRUE(moved);
  EXPECT_EQ(*read_file(keeper / "cgroup.procs"), "4711");
  fs::remove_all(root);
}

TEST(CgroupKeeper, AGroupThatIsNoneIsAnError) {
  EXPECT_FALSE(move_aside("/dev/null", "/x", 1));
}

}  // namespace
}  // namespace dokku::server
