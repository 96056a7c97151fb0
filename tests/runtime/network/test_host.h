// TestHost: a throw-away "host" for network tests: a network and mount namespace for this thread,
// with an uplink (MTU 1400) to a small world. Nothing of the real host is touched. Needs root.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/io.h"
#include "runtime/network/namespace.h"
#include "runtime/network/netlink.h"

namespace dokku::runtime {

inline Ipv4 ip(const std::string& text) { return ntohl(::inet_addr(text.c_str())); }

// Runs `f` on a thread inside the namespace at `path`; empty: here.
inline void inside(const std::filesystem::path& path, const std::function<void()>& f) {
  if (path.empty()) return f();
  std::thread([&] {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::setns(fd.get(), CLONE_NEWNET), 0) << path;
    f();
  }).join();
}

inline sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = ::inet_addr(address.c_str());
  return to;
}

inline UniqueFd bound(const std::filesystem::path& where, int type, const std::string& address,
                      std::uint16_t port) {
  UniqueFd fd;
  inside(where, [&] {
    fd = UniqueFd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const sockaddr_in at = socket_address(address, port);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0)
        << address << " " << ::strerror(errno);
    if (type == SOCK_STREAM) {
      ASSERT_EQ(::listen(fd.get(), 8), 0);
    }
  });
  return fd;
}

// 0 when a connection came about within the limit, else errno.
inline int connect_error(const std::filesystem::path& from, const std::string& address,
                         std::uint16_t port, int limit_ms = 3000) {
  int error = -1;
  inside(from, [&] {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_in to = socket_address(address, port);
    error = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    if (error != EINPROGRESS) return;
    pollfd ready{fd.get(), POLLOUT, 0};
    error = ETIMEDOUT;
    if (::poll(&ready, 1, limit_ms) != 1) return;
    socklen_t length = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  });
  return error;
}

// Who connected: an address.
inline std::string accepted_peer(const UniqueFd& listener) {
  sockaddr_in peer{};
  socklen_t length = sizeof peer;
  const UniqueFd fd(
      ::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC));
  return fd.valid() ? ::inet_ntoa(peer.sin_addr) : "nobody";
}

class TestHost : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string pattern = (std::filesystem::temp_directory_path() / "net-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    boot();
  }
  void TearDown() override {
    if (root_.empty()) return;
    EXPECT_TRUE(remove_namespace(world_).has_value());
    std::filesystem::remove_all(root_);
  }

  // A fresh host: no links, no rules, forwarding off; mounts of the last one are gone.
  void boot() {
    if (world_.empty()) {
      ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
      ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    }
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    // A new namespace starts with what the machine has, and instances on it forward.
    std::ofstream("/proc/sys/net/ipv4/ip_forward") << "0";
    world_ = root_ / "world";
    Result<NewNamespace> world = create_namespace(world_);
    ASSERT_TRUE(world.has_value()) << world.error().message();
    Result<Netlink> here = Netlink::open();
    ASSERT_TRUE(here.has_value());
    netlink_.emplace(*std::move(here));
    ok(netlink_->set_up("lo"));
    ok(netlink_->create_veth({.name = "up0",
                              .mac = {2, 0, 0, 0, 0, 1},
                              .peer_name = "eth0",
                              .peer_mac = {2, 0, 0, 0, 0, 2},
                              .peer_namespace = world->fd.get(),
                              .mtu = 1400}));
    connect_world(&world->inside);
    ok(netlink_->set_up("up0"));
    const unsigned up = netlink_->find_link("up0")->index;
    ok(netlink_->add_address(up, ip(kHost)));
    ok(netlink_->add_route({.to = {ip(kRouter), 32}, .link = up}));
    ok(netlink_->add_route({.to = {0, 0}, .link = up, .gateway = ip(kRouter)}));
  }

  void connect_world(Netlink* world) {
    ok(world->set_up("lo"));
    ok(world->set_up("eth0"));
    const unsigned link = world->find_link("eth0")->index;
    for (const char* address : {kRouter, kFarAway, kMetadata})
      ok(world->add_address(link, ip(address)));
    ok(world->add_route({.to = {ip(kHost), 32}, .link = link}));
    world_link_.emplace(std::move(*world));
  }

  static void ok(const Result<>& result) {
    ASSERT_TRUE(result.has_value()) << result.error().message();
  }

  static constexpr const char* kHost = "192.0.2.2";
  static constexpr const char* kRouter = "192.0.2.1";
  static constexpr const char* kFarAway = "198.51.100.7";
  static constexpr const char* kMetadata = "169.254.169.254";
  std::filesystem::path root_, world_;
  std::optional<Netlink> netlink_, world_link_;
};

}  // namespace dokku::runtime
