#include "server/supervise/listening.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

constexpr const char* kHead =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

std::string line(const std::string& local, const std::string& state) {
  return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 0 32767\n";
}

struct ListeningCase {
  const char* name;
  std::string tcp4, tcp6;
  bool reachable, loopback_only;
  std::vector<std::uint16_t> others;
};

class ParseListeners : public ::testing::TestWithParam<ListeningCase> {};

TEST_P(ParseListeners, TellsWhereAProcessListens) {
  const auto& row = GetParam();
  const Listening seen = parse_listeners(kHead + row.tcp4, kHead + row.tcp6, 5000);
  EXPECT_EQ(seen.reachable, row.reachable);
  EXPECT_EQ(seen.loopback_only, row.loopback_only);
  EXPECT_EQ(seen.other_ports, row.others);
}

INSTANTIATE_TEST_SUITE_P(
    , ParseListeners,
    ::testing::Values(
        ListeningCase{"Nothing", "", "", false, false, {}},
        ListeningCase{"AllAddresses", line("00000000:1388", "0A"), "", true, false, {}},
        ListeningCase{"OwnAddress", line("0700530A:1388", "0A"), "", true, false, {}},
        ListeningCase{"Loopback", line("0100007F:1388", "0A"), "", false, true, {}},
        ListeningCase{"AllAddressesOfIpv6",
                      "",
                      line("00000000000000000000000000000000:1388", "0A"),
                      true,
                      false,
                      {}},
        ListeningCase{"LoopbackOfIpv6",
                      "",
                      line("00000000000000000000000001000000:1388", "0A"),
                      false,
                      true,
                      {}},
        ListeningCase{"MappedLoopback",
                      "",
                      line("0000000000000000FFFF00000100007F:1388", "0A"),
                      false,
                      true,
                      {}},
        ListeningCase{"ConnectionsDoNotCount", line("0700530A:1388", "01"), "", false, false, {}},
        ListeningCase{"OtherPortsSortedOnce",
                      line("00000000:1F90", "0A") + line("00000000:0BB8", "0A"),
                      line("00000000000000000000000000000000:1F90", "0A"),
                      false,
                      false,
                      {3000, 8080}},
        ListeningCase{"LoopbackAndAll",
                      line("0100007F:1388", "0A") + line("00000000:1388", "0A"),
                      "",
                      true,
                      false,
                      {}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Listening, SeesASocketOfOurOwn) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  EXPECT_TRUE(look_at_listeners(::getpid(), ntohs(address.sin_port)).loopback_only);
}

}  // namespace
}  // namespace dokku::server
