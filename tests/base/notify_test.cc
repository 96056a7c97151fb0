#include "base/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace dokku {
namespace {

// A service manager's ear under an abstract name of this process's own.
class Ear {
 public:
  Ear() : name_("dokku-notify-test-" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name_).c_str(), 1);
  }
  ~Ear() { ::unsetenv("NOTIFY_SOCKET"); }

  std::string hear() const {
    std::array<char, 200> text{};
    const ssize_t got = ::recv(socket_.get(), text.data(), text.size(), 0);
    return got < 0 ? std::string("nothing") : std::string(text.data(), static_cast<size_t>(got));
  }

 private:
  std::string name_;
  UniqueFd socket_;
};

TEST(Notify, TellsWhoeverAsked) {
  const Ear ear;
  ASSERT_TRUE(notify("READY=1"));
  EXPECT_EQ(ear.hear(), "READY=1");
}

TEST(Notify, WithoutAManagerThereIsNobodyToTell) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(notify("READY=1"));
}

TEST(Notify, AManagerThatWentIsAnError) {
  ::setenv("NOTIFY_SOCKET", "/nowhere/socket", 1);
  EXPECT_FALSE(notify("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(Notify, TheWatchdogIsOursOnlyByItsPid) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(watchdog_period(), Duration(std::chrono::seconds(30)));
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_period(), Duration(std::chrono::seconds(30)));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(watchdog_period(), std::nullopt);
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(watchdog_period(), std::nullopt);
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(watchdog_period(), std::nullopt);
}

}  // namespace
}  // namespace dokku
