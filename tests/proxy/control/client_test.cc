#include "proxy/control/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

#include "base/guarded.h"
#include "base/unique_fd.h"
#include "proxy/control/messages.h"

namespace dokku::proxy {
namespace {

// Answers `replies` in order, one connection at a time, and hangs up after `per_connection`.
class Server {
 public:
  Server(std::vector<ControlReply> replies, int per_connection)
      : path_(testing::TempDir() + "control-" + std::to_string(::getpid())) {
    ::unlink(path_.c_str());
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path_.c_str(), sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    thread_ = std::jthread([this, replies, per_connection] { serve(replies, per_connection); });
  }
  ~Server() {
    thread_.join();
    ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  std::vector<ControlOp> ops() {
    return ops_.with([](auto& ops) { return ops; });
  }

 private:
  void serve(const std::vector<ControlReply>& replies, int per_connection) {
    std::size_t next = 0;
    while (next < replies.size()) {
      const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::string bytes;
      for (int i = 0; i < per_connection && next < replies.size(); ++i) {
        if (!answer(peer, bytes, replies[next])) break;
        ++next;
      }
    }
  }

  bool answer(const UniqueFd& peer, std::string& bytes, const ControlReply& reply) {
    for (;;) {
      const Result<std::optional<std::string>> body = take_frame(bytes);
      if (body && *body) {
        ops_.with([&](auto& ops) { ops.push_back(decode_request(**body)->op); });
        const std::string out = frame(encode(reply));
        return ::send(peer.get(), out.data(), out.size(), MSG_NOSIGNAL) > 0;
      }
      std::array<char, 4096> piece{};
      const ssize_t got = ::recv(peer.get(), piece.data(), piece.size(), 0);
      if (got <= 0) return false;
      bytes.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

  std::string path_;
  UniqueFd listener_;
  Guarded<std::vector<ControlOp>> ops_;
  std::jthread thread_;
};

const Group kGroup{.key = "blog",
                   .hosts = {"a.test"},
                   .targets = {{"10.0.0.2", 5000, "blog.web.1"}},
                   .generation = 7};

TEST(RouteControlClient, CarriesCallsAndAnswers) {
  Server server({{}, {{}, {kGroup}}, {Error(Errc::conflict, "taken"), {}}, {}}, 10);
  {
    const auto control = connect_route_control(server.path());
    EXPECT_TRUE(control->put(kGroup));
    EXPECT_EQ(*control->list(), std::vector<Group>{kGroup});
    const Result<> refused = control->replace_all({kGroup});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    EXPECT_EQ(refused.error().message(), "taken");
    EXPECT_TRUE(control->remove("blog"));
  }
  EXPECT_EQ(server.ops(), (std::vector{ControlOp::put, ControlOp::list, ControlOp::replace_all,
                                       ControlOp::remove}));
}

TEST(RouteControlClient, ConnectsAnewWhenTheProxyWasRestarted) {
  Server server({{}, {}, {}}, 1);
  const auto control = connect_route_control(server.path());
  EXPECT_TRUE(control->put(kGroup));
  EXPECT_TRUE(control->put(kGroup));
  EXPECT_TRUE(control->wait_drained(kGroup.targets, std::chrono::seconds(1)));
}

TEST(RouteControlClient, SaysThatTheProxyIsAway) {
  const auto control = connect_route_control("/nonexistent/control.sock");
  EXPECT_EQ(control->put(kGroup).error().code(), Errc::unavailable);
  EXPECT_EQ(control->list().error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace dokku::proxy
