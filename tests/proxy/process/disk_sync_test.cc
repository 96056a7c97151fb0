#include "proxy/process/disk_sync.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/io.h"

namespace dokku::proxy::process {
namespace {

// Whether bytes are on a disk no test can see; that the thread ends and leaves the file alone, it
// can.
TEST(DiskSync, LeavesTheFileAsItIs) {
  const std::filesystem::path file = testing::TempDir() + "synced-" + std::to_string(::getpid());
  {
    DiskSync sync(file);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(write_file_atomically(file, std::to_string(i)));
      sync.ask();
    }
  }
  EXPECT_EQ(read_file(file).value_or(""), "19");
  { const DiskSync idle(file); }
  std::filesystem::remove(file);
}

TEST(DiskSync, AFileThatHasGoneIsSaidInTheLog) {
  testing::internal::CaptureStderr();
  {
    DiskSync sync("/nonexistent/routes.json");
    sync.ask();
  }
  EXPECT_NE(testing::internal::GetCapturedStderr().find("the snapshot is not on disk"),
            std::string::npos);
}

}  // namespace
}  // namespace dokku::proxy::process
