#include "server/daemons/watchdog.h"

#include <gtest/gtest.h>

#include <future>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;

// How many times a client that ends like this makes it tell that all is well, as far as `enough`.
int times_told(const char* client, int enough, Duration limit) {
  std::mutex mutex;
  std::condition_variable changed;
  int told = 0;
  Watchdog watchdog({.client = client,
                     .command_socket = "/nowhere",
                     .period = 30ms,
                     .tell = [&] {
                       const std::lock_guard hold(mutex);
                       ++told;
                       changed.notify_all();
                     }});
  std::unique_lock hold(mutex);
  changed.wait_for(hold, limit, [&] { return told >= enough; });
  return told;
}

TEST(Watchdog, TellsAgainAndAgainWhileCommandsAreAnswered) {
  EXPECT_GE(times_told("/bin/true", 3, 10s), 3);
}

TEST(Watchdog, SaysNothingWhenTheyAreNot) {
  EXPECT_EQ(times_told("/bin/false", 1, 200ms), 0);
  EXPECT_EQ(times_told("/no/such/client", 1, 200ms), 0);
}

}  // namespace
}  // namespace dokku::server
