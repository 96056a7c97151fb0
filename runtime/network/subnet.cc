#include "runtime/network/subnet.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

namespace dokku::runtime {
namespace {

constexpr unsigned kLength = 20;
constexpr Ipv4 kTen = 10U << 24, k172 = (172U << 24) | (16U << 16),
               k192 = (192U << 24) | (168U << 16), k100 = (100U << 24) | (64U << 16),
               k198 = (198U << 24) | (18U << 16);
constexpr Ipv4 kLinkLocal = (169U << 24) | (254U << 16);
constexpr unsigned kFirstTen = 83, kTens = 140, k172s = 16, k192s = 16;
// Where a company routes all that is private: what providers share (RFC 6598), and what is for
// measurements (RFC 2544).
constexpr unsigned k100s = 64, k198s = 16;
constexpr unsigned kMetadata = 169;  // 169.254.169.254 is too near to be mistaken for it

Ipv4 mask(unsigned length) { return length == 0 ? 0 : ~0U << (32 - length); }

bool overlap(const Prefix& a, const Prefix& b) {
  const Ipv4 common = mask(std::min(a.length, b.length));
  return (a.base & common) == (b.base & common);
}

std::optional<Subnet> candidate(unsigned n) {
  Subnet subnet;
  subnet.range.length = kLength;
  const unsigned third = n + 1 < kMetadata ? n + 1 : n + 2;
  subnet.gateway = kLinkLocal | (third << 8) | 1U;
  if (n < kTens) {
    subnet.range.base = kTen | ((kFirstTen + n) << 16);
  } else if (n < kTens + k172s) {
    subnet.range.base = k172 + ((n - kTens) << 16);
  } else if (n < kTens + k172s + k192s) {
    subnet.range.base = k192 + ((n - kTens - k172s) << 12);
  } else if (n -= kTens + k172s + k192s; n < k100s) {
    subnet.range.base = k100 + (n << 16);
  } else if (n < k100s + k198s) {
    subnet.range.base = k198 + ((n - k100s) << 12);
  } else {
    return std::nullopt;
  }
  return subnet;
}

Result<Ipv4> parse_address(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return fail(Errc::invalid_argument, "not an address: " + text);
  }
  return ntohl(address.s_addr);
}

}  // namespace

std::string Subnet::range_text() const {
  return to_string(range.base) + "/" + std::to_string(range.length);
}

std::string Subnet::text() const { return range_text() + " " + to_string(gateway); }

Result<Prefix> parse_range(std::string_view text) {
  const std::string suffix = "/" + std::to_string(kLength);
  if (!text.ends_with(suffix)) {
    return fail(Errc::invalid_argument, "not a range like 10.83.0.0/20: " + std::string(text));
  }
  const std::string base(text.substr(0, text.size() - suffix.size()));
  Prefix range{0, kLength};
  range.base = TRY(parse_address(base));
  if ((range.base & ~mask(kLength)) != 0) {
    return fail(Errc::invalid_argument, "not the beginning of a /20: " + std::string(text));
  }
  return range;
}

Result<Subnet> Subnet::parse(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) {
    return fail(Errc::invalid_argument, "not a subnet and a gateway: " + std::string(text));
  }
  Subnet subnet;
  subnet.range = TRY(parse_range(text.substr(0, space)));
  subnet.gateway = TRY(parse_address(std::string(text.substr(space + 1))));
  return subnet;
}

bool clashes(const Subnet& subnet, const std::vector<Prefix>& taken) {
  const Prefix gateway{subnet.gateway, 32};
  return std::any_of(taken.begin(), taken.end(), [&](const Prefix& prefix) {
    return prefix == gateway || (prefix.length > 0 && overlap(prefix, subnet.range));
  });
}

Result<Subnet> choose_subnet(const std::vector<Prefix>& taken) {
  for (unsigned n = 0;; ++n) {
    const std::optional<Subnet> subnet = candidate(n);
    if (!subnet) {
      return fail(Errc::conflict,
                  "this host routes every private address range somewhere; name one that is not "
                  "really used in instance.json: \"subnet\": \"10.83.0.0/20\"");
    }
    if (!clashes(*subnet, taken)) return *subnet;
  }
}

Result<Subnet> subnet_in(const Prefix& range, const std::vector<Prefix>& taken) {
  for (unsigned n = 0;; ++n) {
    std::optional<Subnet> subnet = candidate(n);
    if (!subnet) return fail(Errc::conflict, "every link-local address that we know is in use");
    const Prefix gateway{subnet->gateway, 32};
    if (std::find(taken.begin(), taken.end(), gateway) != taken.end()) continue;
    subnet->range = range;
    return *subnet;
  }
}

}  // namespace dokku::runtime
