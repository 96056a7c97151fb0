#include "runtime/network/dns_forwarder.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "runtime/network/dns_message.h"

namespace dokku::runtime {
namespace {

namespace fs = std::filesystem;
constexpr Ipv4 kLocal = 127U << 24 | 1U;

sockaddr_in local(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(kLocal);
  return at;
}

UniqueFd bound(int type, std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const sockaddr_in at = local(port);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  if (type == SOCK_STREAM && ::listen(fd.get(), 8) < 0) ADD_FAILURE() << "listen";
  return fd;
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_in at{};
  socklen_t length = sizeof at;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &length);
  return ntohs(at.sin_port);
}

UniqueFd connected(int type, std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const sockaddr_in to = local(port);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}

std::string query(std::uint16_t id, const std::string& name) {
  std::string bytes(kDnsHeaderBytes, '\0');
  set_dns_id(&bytes, id);
  bytes[2] = 1;
  bytes[5] = 1;
  bytes += static_cast<char>(name.size());
  return bytes + name + std::string("\0\0\x01\0\x01", 5);
}

bool readable(const UniqueFd& fd, int limit_ms = 10000) {
  pollfd ready{fd.get(), POLLIN, 0};
  return ::poll(&ready, 1, limit_ms) == 1;
}

std::string receive(const UniqueFd& fd) {
  std::string bytes(2048, '\0');
  if (!readable(fd)) return "nothing";
  bytes.resize(static_cast<std::size_t>(
      std::max<ssize_t>(::recv(fd.get(), bytes.data(), bytes.size(), 0), 0)));
  return bytes;
}

// What a name server got, and from where.
struct Asked {
  std::string message;
  sockaddr_in from{};
};

class DnsForwarderTest : public testing::Test {
 protected:
  DnsForwarderTest() : upstream_(bound(SOCK_DGRAM, 0)) {
    std::string pattern = (fs::temp_directory_path() / "dns-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    servers("nameserver 127.0.0.1\n");
    Result<std::unique_ptr<DnsForwarder>> started =
        DnsForwarder::start({.address = kLocal,
                             .port = 0,
                             .host_resolv_conf = root_ / "resolv.conf",
                             .upstream_port = port_of(upstream_)});
    EXPECT_TRUE(started) << started.error().message();
    if (!started) return;
    forwarder_ = *std::move(started);
    client_ = connected(SOCK_DGRAM, forwarder_->port());
  }
  ~DnsForwarderTest() override {
    forwarder_.reset();
    fs::remove_all(root_);
  }

  void servers(const std::string& text) { std::ofstream(root_ / "resolv.conf") << text; }
  void send(const std::string& bytes) {
    ASSERT_EQ(::send(client_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  Asked take() {
    Asked asked{std::string(2048, '\0'), {}};
    socklen_t length = sizeof asked.from;
    EXPECT_TRUE(readable(upstream_));
    const ssize_t got = ::recvfrom(upstream_.get(), asked.message.data(), asked.message.size(), 0,
                                   reinterpret_cast<sockaddr*>(&asked.from), &length);
    asked.message.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return asked;
  }
  static void reply(const UniqueFd& from, const Asked& to, std::string message) {
    message[2] = '\x81';
    ::sendto(from.get(), message.data(), message.size(), 0,
             reinterpret_cast<const sockaddr*>(&to.from), sizeof to.from);
  }

  UniqueFd upstream_, client_;
  fs::path root_;
  std::unique_ptr<DnsForwarder> forwarder_;
};

TEST_F(DnsForwarderTest, PassesQuestionsAndAnswersWithTheClientsId) {
  send(query(0x1234, "blog"));
  const Asked asked = take();
  EXPECT_EQ(dns_question(asked.message), dns_question(query(0, "blog")));
  reply(upstream_, asked, asked.message + "answer");
  std::string expected = query(0x1234, "blog") + "answer";
  expected[2] = '\x81';
  EXPECT_EQ(receive(client_), expected);
}

TEST_F(DnsForwarderTest, AsksFromAnotherPortWithAnotherIdEachTime) {
  std::set<std::pair<unsigned, unsigned>> seen;
  for (int n = 0; n < 8; ++n) {
    send(query(7, "blog"));
    const Asked asked = take();
    seen.emplace(dns_id(asked.message), asked.from.sin_port);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST_F(DnsForwarderTest, IgnoresForgedAnswers) {
  send(query(7, "blog"));
  const Asked asked = take();
  std::string other_id = asked.message;
  set_dns_id(&other_id, static_cast<std::uint16_t>(dns_id(asked.message) + 1));
  reply(upstream_, asked, other_id + "forged");
  std::string other_name = query(dns_id(asked.message), "evil");
  reply(upstream_, asked, other_name + "forged");
  const UniqueFd stranger = bound(SOCK_DGRAM, 0);
  reply(stranger, asked, asked.message + "forged");
  reply(upstream_, asked, asked.message + "true");
  EXPECT_TRUE(receive(client_).ends_with("true"));
}

TEST_F(DnsForwarderTest, IgnoresNonsense) {
  send("nonsense");
  send(std::string(5000, 'x'));
  send(query(7, "blog"));
  EXPECT_EQ(dns_question(take().message), dns_question(query(0, "blog")));
}

TEST_F(DnsForwarderTest, TriesTheNextServerWhenOneIsNotThere) {
  servers("nameserver 127.0.0.77\nnameserver 127.0.0.1\n");
  send(query(7, "blog"));
  const Asked asked = take();
  reply(upstream_, asked, asked.message);
  EXPECT_EQ(dns_id(receive(client_)), 7);
}

TEST_F(DnsForwarderTest, SaysSoWhenNoServerIsThere) {
  upstream_.reset();
  send(query(7, "blog"));
  const std::string answer = receive(client_);
  EXPECT_TRUE(answers(answer, query(7, "blog"), 7));
  EXPECT_EQ(answer[3] & 15, 2);
}

TEST_F(DnsForwarderTest, FollowsTheHostsServers) {
  servers("nameserver 127.0.0.77\nnameserver 127.0.0.78\n");
  send(query(7, "blog"));
  EXPECT_EQ(receive(client_)[3] & 15, 2);
  servers("nameserver 127.0.0.1\n");
  send(query(8, "blog"));
  EXPECT_EQ(dns_question(take().message), dns_question(query(0, "blog")));
}

TEST_F(DnsForwarderTest, NeverAsksItself) {
  const Result<std::unique_ptr<DnsForwarder>> mirror =
      DnsForwarder::start({.address = kLocal + 1,
                           .port = port_of(upstream_),
                           .host_resolv_conf = root_ / "resolv.conf",
                           .upstream_port = port_of(upstream_)});
  ASSERT_TRUE(mirror.has_value()) << mirror.error().message();
  servers("nameserver 127.0.0.2\n");
  send(query(7, "blog"));
  EXPECT_EQ(receive(client_)[3] & 15, 2);
}

TEST_F(DnsForwarderTest, OldQuestionsGiveWay) {
  for (std::size_t n = 0; n < kDnsQueriesMax + 50; ++n) {
    send(query(static_cast<std::uint16_t>(n), "blog"));
    const Asked asked = take();
    if (n == kDnsQueriesMax + 49) reply(upstream_, asked, asked.message);
  }
  EXPECT_EQ(dns_id(receive(client_)), kDnsQueriesMax + 49);
}

TEST_F(DnsForwarderTest, CopiesStreamsThrough) {
  const UniqueFd listener = bound(SOCK_STREAM, port_of(upstream_));
  const UniqueFd stream = connected(SOCK_STREAM, forwarder_->port());
  ASSERT_EQ(::send(stream.get(), "question", 8, 0), 8);
  const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(receive(server), "question");
  const std::string large(200000, 'a');
  std::thread sender([&] {
    EXPECT_EQ(::send(server.get(), large.data(), large.size(), 0),
              static_cast<ssize_t>(large.size()));
    ::shutdown(server.get(), SHUT_WR);
  });
  std::string got;
  for (std::string piece; !(piece = receive(stream)).empty();) got += piece;
  sender.join();
  EXPECT_EQ(got, large);
}

TEST_F(DnsForwarderTest, ATakenPortIsNamed) {
  const Result<std::unique_ptr<DnsForwarder>> second =
      DnsForwarder::start({.address = kLocal, .port = forwarder_->port()});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Errc::conflict);
}

}  // namespace
}  // namespace dokku::runtime
