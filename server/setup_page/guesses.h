// Guesses: how often an address may ask for a link that is none.
//
// An address that guessed too often is refused for a while, also with the right link; others are
// not concerned. 128 bits need no such help: it keeps guessing from costing anything.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/clock.h"

namespace dokku::server {

class Guesses {
 public:
  static constexpr int kMax = 10;
  static constexpr std::chrono::minutes kPeriod{1};
  static constexpr std::size_t kAddressesMax = 1024;  // then the one that came first is forgotten

  // Must wait before it asks anything.
  bool too_many(const std::string& address, TimePoint now) const;
  void note(const std::string& address, TimePoint now);

 private:
  struct Seen {
    TimePoint since;
    int count = 0;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace dokku::server
