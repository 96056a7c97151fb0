#include "server/supervise/listening.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/io.h"
#include "server/supervise/socket_diag.h"

namespace dokku::server {
namespace {

constexpr std::string_view kStateListen = "0A";
// The kernel prints addresses as 32-bit words of the machine's byte order: little endian here.
constexpr std::string_view kLoopback6 = "00000000000000000000000001000000";
constexpr std::string_view kMapped4 = "0000000000000000FFFF0000";

// The n-th word of a line, words being parted by spaces.
std::string_view word(std::string_view line, int n) {
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto end = std::min(line.find(' '), line.size());
    if (n-- == 0) return line.substr(0, end);
    line.remove_prefix(end);
    if (line.empty()) return {};
  }
}

bool is_loopback(std::string_view address) {
  if (address.size() == 8) return address.substr(6) == "7F";
  if (address == kLoopback6) return true;
  return address.substr(0, kMapped4.size()) == kMapped4 && address.substr(30) == "7F";
}

void collect(std::string_view text, std::vector<Listener>& found) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view local = word(line, 1);  // "0100007F:1388"
    const auto colon = local.find(':');
    if (colon == std::string_view::npos || word(line, 3) != kStateListen) continue;
    std::uint16_t port = 0;
    const std::string_view digits = local.substr(colon + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), port, 16);
    found.push_back({port, is_loopback(local.substr(0, colon))});
  }
}

Listening judge(const std::vector<Listener>& listeners, std::uint16_t wanted) {
  Listening seen;
  for (const Listener& one : listeners) {
    if (one.port != wanted) {
      seen.other_ports.push_back(one.port);
    } else {
      (one.loopback ? seen.loopback_only : seen.reachable) = true;
    }
  }
  seen.loopback_only = seen.loopback_only && !seen.reachable;
  std::vector<std::uint16_t>& others = seen.other_ports;
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  return seen;
}

}  // namespace

Listening parse_listeners(std::string_view tcp4, std::string_view tcp6, std::uint16_t wanted_port) {
  std::vector<Listener> found;
  collect(tcp4, found);
  collect(tcp6, found);
  return judge(found, wanted_port);
}

Listening look_at_listeners(pid_t pid, std::uint16_t wanted_port) {
  const auto listeners = listeners_of(pid);
  if (listeners) return judge(*listeners, wanted_port);
  const std::string net = "/proc/" + std::to_string(pid) + "/net/";
  const auto tcp4 = read_file(net + "tcp");
  const auto tcp6 = read_file(net + "tcp6");
  return parse_listeners(tcp4 ? *tcp4 : std::string(), tcp6 ? *tcp6 : std::string(), wanted_port);
}

}  // namespace dokku::server
