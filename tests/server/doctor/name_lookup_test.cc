#include "server/doctor/name_lookup.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <thread>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

using namespace std::chrono_literals;

// An answer to `query` with these records: type and bytes.
std::string answer_to(const std::string& query,
                      const std::vector<std::pair<unsigned, std::string>>& records,
                      unsigned code = 0) {
  std::string bytes = query;
  bytes[2] = static_cast<char>(0x81);
  bytes[3] = static_cast<char>(0x80 | code);
  bytes[7] = static_cast<char>(records.size());
  for (const auto& [type, data] : records) {
    bytes += std::string("\xc0\x0c", 2);  // the question's name
    bytes += std::string({'\0', static_cast<char>(type), '\0', '\1', '\0', '\0', '\0', '\x3c',
                          static_cast<char>(data.size() >> 8), static_cast<char>(data.size())});
    bytes += data;
  }
  return bytes;
}

TEST(NameLookup, ReadsTheAddressesOfAnAnswer) {
  const std::string query = query_bytes(7, "blog.example.com", RecordType::a);
  const std::string alias("\3www\0", 5);
  const auto found =
      addresses_in(answer_to(query, {{5, alias}, {1, std::string("\xcb\x00\x71\x09", 4)}}), 7);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::set<std::string>{"203.0.113.9"}));
}

TEST(NameLookup, AnUnknownNameHasNoAddresses) {
  const std::string query = query_bytes(7, "no.example.com", RecordType::a);
  EXPECT_EQ(addresses_in(answer_to(query, {}, 3), 7), std::optional(std::set<std::string>()));
}

TEST(NameLookup, WhatIsBrokenIsNoAnswer) {
  const std::string query = query_bytes(7, "blog.example.com", RecordType::a);
  const std::string whole = answer_to(query, {{1, std::string("\xcb\x00\x71\x09", 4)}});
  EXPECT_FALSE(addresses_in(whole, 8));                    // another question's
  EXPECT_FALSE(addresses_in(query, 7));                    // a question
  EXPECT_FALSE(addresses_in(answer_to(query, {}, 2), 7));  // the server failed
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(addresses_in(std::string_view(whole).substr(0, cut), 7)) << cut;
  }
}

TEST(NameLookup, ServersAreThoseOfResolvConf) {
  const auto servers = name_servers_in(
      "# nameserver 10.0.0.9\nsearch example.com\nnameserver 10.0.0.1\nnameserver fe80::1\n"
      "nameserver 10.0.0.3\nnameserver 10.0.0.4\n");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].address, "10.0.0.1");
  EXPECT_EQ(servers[2].address, "10.0.0.3");
}

// A name server on a port of the kernel's; `drop` of its first questions are not answered, others
// after `delay`.
class Server {
 public:
  explicit Server(int drop, std::chrono::milliseconds delay = {}) : drop_(drop), delay_(delay) {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop_ = true;
    thread_.join();
  }
  std::uint16_t port = 0;

 private:
  void serve() {
    while (!stop_) {
      pollfd waited{fd_.get(), POLLIN, 0};
      if (::poll(&waited, 1, 20) <= 0) continue;
      std::array<char, 512> bytes{};
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_.get(), bytes.data(), bytes.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0 || drop_-- > 0) continue;
      ::poll(nullptr, 0, static_cast<int>(delay_.count()));
      const std::string query(bytes.data(), static_cast<std::size_t>(got));
      const bool v4 = query[query.size() - 3] == 1;
      const std::string answer =
          v4 ? answer_to(query, {{1, std::string("\xcb\x00\x71\x09", 4)}}) : answer_to(query, {});
      ::sendto(fd_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from),
               size);
    }
  }
  std::atomic<int> drop_;
  std::chrono::milliseconds delay_;
  std::atomic<bool> stop_{false};
  UniqueFd fd_;
  std::thread thread_;
};

TEST(NameLookup, ManyNamesAreAskedForAtOnce) {
  Server server(0);
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back("n" + std::to_string(i) + ".example.com");
  const Lookups found = look_up_names(names, {{"127.0.0.1", server.port}}, 10s);
  EXPECT_EQ(found.size(), 200U);
  EXPECT_EQ(found.at("n7.example.com"), (std::set<std::string>{"203.0.113.9"}));
}

TEST(NameLookup, WhatIsLostIsAskedAgain) {
  Server server(1);
  const Lookups found = look_up_names({"blog.example.com"}, {{"127.0.0.1", server.port}}, 400ms);
  EXPECT_EQ(found.at("blog.example.com"), (std::set<std::string>{"203.0.113.9"}));
}

TEST(NameLookup, WhoIsSlowMayAnswerUntilTheLimit) {
  Server silent(1000);
  Server slow(0, 700ms);  // in the round after its own
  const Lookups found = look_up_names({"blog.example.com"},
                                      {{"127.0.0.1", slow.port}, {"127.0.0.1", silent.port}}, 10s);
  EXPECT_TRUE(found.contains("blog.example.com"));
}

TEST(NameLookup, WhoIsAwayCostsNothing) {
  Server server(0);
  std::uint16_t away = 0;
  { away = Server(0).port; }
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<NameServer> both{{"127.0.0.1", away}, {"127.0.0.1", server.port}};
  EXPECT_TRUE(look_up_names({"blog.example.com"}, both, 60s).contains("blog.example.com"));
  EXPECT_TRUE(look_up_names({"blog.example.com"}, {both[0]}, 60s).empty());
  EXPECT_TRUE(look_up_names({"blog.example.com"}, {}, 60s).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST(NameLookup, ASilentServerCostsTheLimitAndNoMore) {
  Server server(1000);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(look_up_names({"blog.example.com"}, {{"127.0.0.1", server.port}}, 100ms).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

}  // namespace
}  // namespace dokku::server
