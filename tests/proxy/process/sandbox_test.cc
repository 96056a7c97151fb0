#include "proxy/process/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace dokku::proxy::process {
namespace {

constexpr int kYes = 0;
constexpr int kNo = 1;
constexpr int kNoSandbox = 2;

// Ends this process (the child of a death test) with whether `call` fails as it should.
template <class Call>
void try_inside(Call call) {
  if (!enter_sandbox()) ::_exit(kNoSandbox);
  ::_exit(call() ? kYes : kNo);
}

template <class Call>
bool refused(Call call) {
  return call() < 0 && errno == EPERM;
}

using Exited = testing::ExitedWithCode;

TEST(SandboxDeathTest, NoFileCanBeOpened) {
  EXPECT_EXIT(try_inside([] {
                return refused([] { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC); });
              }),
              Exited(kYes), "");
  EXPECT_EXIT(try_inside([] {
                return refused([] { return ::open("/tmp/x", O_CREAT | O_CLOEXEC, 0600); });
              }),
              Exited(kYes), "");
  EXPECT_EXIT(try_inside([] { return refused([] { return ::unlink("/tmp/x"); }); }), Exited(kYes),
              "");
}

TEST(SandboxDeathTest, NoProcessCanBeStartedOrTouched) {
  EXPECT_EXIT(try_inside([] { return refused([] { return ::syscall(SYS_fork); }); }), Exited(kYes),
              "");
  EXPECT_EXIT(try_inside([] { return refused([] { return ::kill(1, 0); }); }), Exited(kYes), "");
  EXPECT_EXIT(try_inside([] {
                char* const arguments[] = {nullptr};
                return ::execv("/bin/true", arguments) == 0;
              }),
              testing::KilledBySignal(SIGSYS), "");
}

TEST(SandboxDeathTest, OnlyTcpCanBeOpened) {
  const auto open_socket = [](int family) { return ::socket(family, SOCK_STREAM, 0); };
  EXPECT_EXIT(try_inside([&] { return refused([&] { return open_socket(AF_UNIX); }); }),
              Exited(kYes), "");
  EXPECT_EXIT(try_inside([&] { return refused([&] { return open_socket(AF_NETLINK); }); }),
              Exited(kYes), "");
  EXPECT_EXIT(try_inside([&] { return open_socket(AF_INET) >= 0 && open_socket(AF_INET6) >= 0; }),
              Exited(kYes), "");
}

TEST(SandboxDeathTest, NoCapabilityIsLeft) {
  EXPECT_EXIT(try_inside([] {
                const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
                sockaddr_in low{};
                low.sin_family = AF_INET;
                low.sin_port = htons(1);
                return ::bind(fd, reinterpret_cast<sockaddr*>(&low), sizeof low) < 0;
              }),
              Exited(kYes), "");
}

}  // namespace
}  // namespace dokku::proxy::process
