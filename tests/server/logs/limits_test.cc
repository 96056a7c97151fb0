#include "server/logs/limits.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/io.h"

namespace dokku::server {
namespace {

TEST(LogLimits, Sizes) {
  EXPECT_EQ(parse_log_size("10m"), 10ULL << 20);
  EXPECT_EQ(parse_log_size("unlimited"), kLogsUnlimited);
  EXPECT_FALSE(parse_log_size("lots"));
  EXPECT_FALSE(parse_log_size(""));
}

TEST(LogLimits, AreWrittenWhereTheLoggerReadsThem) {
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("limits-test-" + std::to_string(::getpid()));
  ASSERT_TRUE(write_log_limits(dir, 1ULL << 20));
  EXPECT_EQ(read_file(dir / "limits").value_or(""), "1048576 3\n");
  ASSERT_TRUE(write_log_limits(dir, std::nullopt));
  EXPECT_FALSE(std::filesystem::exists(dir / "limits"));
  EXPECT_TRUE(write_log_limits(dir, std::nullopt));
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace dokku::server
