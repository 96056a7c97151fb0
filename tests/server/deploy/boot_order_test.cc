#include "server/deploy/boot_order.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/atomic_file.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

TEST(BootOrder, WhoWasAskedLastComesFirst) {
  const fs::path logs = fs::path(testing::TempDir()) / ("boot-" + std::to_string(::getpid()));
  fs::create_directories(logs);
  const auto asked = [&](const std::string& app, std::chrono::hours ago) {
    const fs::path log = logs / (app + "-access.log");
    ASSERT_TRUE(write_file_atomically(log, "GET /"));
    fs::last_write_time(log, fs::file_time_type::clock::now() - ago);
  };
  asked("yesterday", 24h);
  asked("now", 0h);
  asked("before", 2h);
  std::vector<ReleaseWanted> wanted;
  for (const char* app : {"never", "yesterday", "before", "neither", "now"}) {
    wanted.push_back({.app = app, .image = *runtime::ImageRef::parse("none")});
  }
  last_used_first(wanted, logs);
  std::string order;
  for (const ReleaseWanted& one : wanted) order += one.app + " ";
  EXPECT_EQ(order, "now before yesterday never neither ");
  fs::remove_all(logs);
}

}  // namespace
}  // namespace dokku::server
