#include "server/logs/keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "server/logs/segments.h"

namespace dokku::server {
namespace {

TEST(LogKeeper, HoldsAllAppsUnderTheBudget) {
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("keeper-test-" + std::to_string(::getpid()));
  for (const char* app : {"a", "b"}) {
    const std::filesystem::path process = dir / app / "web.1";
    std::filesystem::create_directories(process);
    std::ofstream(process / "00000000000000000001-x.000001.log") << std::string(1000, 'x');
  }
  const auto segments = [&] {
    return list_segments(dir / "a" / "web.1").size() + list_segments(dir / "b" / "web.1").size();
  };
  {
    const LogKeeper keeper(dir, [] { return 1500U; }, std::chrono::milliseconds(5));
    for (int i = 0; i < 1000 && segments() > 1; ++i) ::usleep(5'000);
  }
  EXPECT_EQ(segments(), 1U);
  std::filesystem::remove_all(dir);
}

TEST(LogKeeper, CutsTheLogsOfOurOwnPrograms) {
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("keeper-own-test-" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  const std::filesystem::path file = dir / "dokkud.log";
  std::ofstream(file) << "first\n";
  std::filesystem::resize_file(file, kDaemonLogBytesMax + 1);
  {
    const LogKeeper keeper(
        dir / "apps", [] { return 0U; }, std::chrono::milliseconds(5),
        [&] { return std::vector<DaemonLog>{{"dokkud", file}}; });
    for (int i = 0; i < 1000 && std::filesystem::file_size(file) > 0; ++i) ::usleep(5'000);
  }
  EXPECT_EQ(std::filesystem::file_size(file), 0U);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace dokku::server
