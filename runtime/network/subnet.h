// Subnet: the addresses of one instance, chosen once so that they clash with nothing on the host.
//
// A value. The n-th candidate range goes with the n-th gateway (169.254.<n>.1), so instances side
// by side differ in both.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/network/netlink.h"

namespace dokku::runtime {

struct Subnet {
  Prefix range;      // 10.83.0.0/20
  Ipv4 gateway = 0;  // 169.254.1.1

  static constexpr unsigned kFirst = 1, kLast = 4094;
  Ipv4 address(unsigned number) const { return range.base + number; }
  // "10.83.0.0/20 169.254.1.1"
  std::string text() const;
  std::string range_text() const;
  static Result<Subnet> parse(std::string_view text);
  friend bool operator==(const Subnet&, const Subnet&) = default;
};

// "10.83.0.0/20"
Result<Prefix> parse_range(std::string_view text);

// The first candidate that overlaps none of `taken` (default routes do not count). conflict: none.
Result<Subnet> choose_subnet(const std::vector<Prefix>& taken);

// A range that somebody named, whatever is routed there, with a gateway that nobody has.
Result<Subnet> subnet_in(const Prefix& range, const std::vector<Prefix>& taken);

bool clashes(const Subnet& subnet, const std::vector<Prefix>& taken);

}  // namespace dokku::runtime
