#include "server/supervise/socket_diag.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

// A listening socket at `address`; its port is the kernel's choice.
class Server {
 public:
  explicit Server(const std::string& address) {
    const bool six = address.find(':') != std::string::npos;
    sockaddr_in6 at6{};
    sockaddr_in at4{};
    at6.sin6_family = AF_INET6;
    at4.sin_family = AF_INET;
    ::inet_pton(AF_INET6, address.c_str(), &at6.sin6_addr);
    ::inet_pton(AF_INET, address.c_str(), &at4.sin_addr);
    auto* at = six ? reinterpret_cast<sockaddr*>(&at6) : reinterpret_cast<sockaddr*>(&at4);
    socklen_t size = six ? sizeof at6 : sizeof at4;
    fd_ = UniqueFd(::socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    listens_ = ::bind(fd_.get(), at, size) == 0 && ::listen(fd_.get(), 1) == 0 &&
               ::getsockname(fd_.get(), at, &size) == 0;
    port_ = ntohs(six ? at6.sin6_port : at4.sin_port);
  }
  bool listens() const { return listens_; }
  std::uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  bool listens_ = false;
  std::uint16_t port_ = 0;
};

bool has(const Result<std::vector<Listener>>& seen, const Listener& wanted) {
  return seen && std::find(seen->begin(), seen->end(), wanted) != seen->end();
}

ino_t network_namespace() {
  struct stat seen {};
  return ::stat("/proc/thread-self/ns/net", &seen) == 0 ? seen.st_ino : 0;
}

class SocketDiag : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to enter a network namespace";
  }
};

struct AddressCase {
  const char* name;
  std::string address;
  bool loopback;
};

class SocketDiagAddress : public SocketDiag, public testing::WithParamInterface<AddressCase> {};

TEST_P(SocketDiagAddress, TellsWhetherItIsLoopback) {
  const Server server(GetParam().address);
  if (!server.listens()) GTEST_SKIP() << "no such address here";
  EXPECT_TRUE(has(listeners_of(::getpid()), {server.port(), GetParam().loopback}));
}

INSTANTIATE_TEST_SUITE_P(, SocketDiagAddress,
                         testing::Values(AddressCase{"All", "0.0.0.0", false},
                                         AddressCase{"Loopback", "127.0.0.1", true},
                                         AddressCase{"OtherLoopback", "127.8.0.1", true},
                                         AddressCase{"AllOfIpv6", "::", false},
                                         AddressCase{"LoopbackOfIpv6", "::1", true},
                                         AddressCase{"MappedLoopback", "::ffff:127.0.0.1", true}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(SocketDiag, LooksIntoTheNamespaceOfTheProcessAndComesBack) {
  const Server outside("0.0.0.0");
  std::thread([&] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    const ino_t inner = network_namespace();
    const Server inside("0.0.0.0");
    const auto seen = listeners_of(::getpid());  // the process' first thread is outside
    EXPECT_TRUE(has(seen, {outside.port(), false}));
    EXPECT_FALSE(has(seen, {inside.port(), false}));
    EXPECT_EQ(network_namespace(), inner);
  }).join();
}

TEST_F(SocketDiag, ConnectionsAreNotListeners) {
  EXPECT_TRUE(listeners_of(::getpid()).has_value());
  const Server server("127.0.0.1");
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(server.port());
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  socklen_t size = sizeof at;
  ASSERT_EQ(::getsockname(client.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  EXPECT_FALSE(has(listeners_of(::getpid()), {ntohs(at.sin_port), true}));
}

TEST_F(SocketDiag, AProcessThatIsGoneIsNotFound) {
  const auto seen = listeners_of(1 << 30);
  ASSERT_FALSE(seen.has_value());
  EXPECT_EQ(seen.error().code(), Errc::not_found);
}

}  // namespace
}  // namespace dokku::server
