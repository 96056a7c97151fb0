#include "runtime/containerd/cgroup.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace dokku::runtime {
namespace {

namespace fs = std::filesystem;

// A directory that looks like a cgroup file system.
class CgroupsTest : public testing::Test {
 protected:
  CgroupsTest() {
    char name[] = "/tmp/dokku-cgroup-XXXXXX";
    mounts_ = ::mkdtemp(name);
  }
  ~CgroupsTest() override { fs::remove_all(mounts_); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((mounts_ / path).parent_path());
    std::ofstream(mounts_ / path) << text;
  }
  fs::path mounts_;
};

TEST_F(CgroupsTest, ReadsKillsOfVersionOne) {
  write("memory/dokku/web/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  write("memory/dokku/idle/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
  const Cgroups cgroups("/dokku", mounts_);
  EXPECT_TRUE(cgroups.out_of_memory("web"));
  EXPECT_FALSE(cgroups.out_of_memory("idle"));
  EXPECT_FALSE(cgroups.out_of_memory("gone"));
}

TEST_F(CgroupsTest, ReadsKillsOfVersionTwo) {
  write("cgroup.controllers", "cpu memory pids\n");
  write("dokku/web/memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n");
  write("dokku/idle/memory.events", "low 0\noom 3\noom_kill 0\n");
  const Cgroups cgroups("/dokku", mounts_);
  EXPECT_TRUE(cgroups.out_of_memory("web"));
  EXPECT_FALSE(cgroups.out_of_memory("idle"));
}

TEST_F(CgroupsTest, KnowsWhetherSwapIsAccounted) {
  EXPECT_FALSE(Cgroups("/dokku", mounts_).limits_swap());
  write("memory/memory.memsw.limit_in_bytes", "1\n");
  EXPECT_TRUE(Cgroups("/dokku", mounts_).limits_swap());
  fs::remove(mounts_ / "memory/memory.memsw.limit_in_bytes");
  write("cgroup.controllers", "memory\n");
  EXPECT_TRUE(Cgroups("/dokku", mounts_).limits_swap());
}

TEST_F(CgroupsTest, RemovesItsParentInEveryHierarchyAndNothingElse) {
  for (const char* hierarchy : {"memory", "cpu"}) {
    fs::create_directories(mounts_ / hierarchy / "dokku" / "left-over");
    fs::create_directories(mounts_ / hierarchy / "other");
  }
  ASSERT_TRUE(Cgroups("/dokku", mounts_).remove_parent().has_value());
  EXPECT_FALSE(fs::exists(mounts_ / "memory/dokku"));
  EXPECT_FALSE(fs::exists(mounts_ / "cpu/dokku"));
  EXPECT_TRUE(fs::exists(mounts_ / "cpu/other"));
  EXPECT_FALSE(Cgroups("/", mounts_).remove_parent().has_value());
}

}  // namespace
}  // namespace dokku::runtime
