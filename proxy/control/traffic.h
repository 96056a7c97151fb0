// Traffic: what the proxy counts, per app and release. Values; summed over the workers for whoever
// asks (op traffic).
//
// Counted since the worker processes began: a crash or an upgrade begins anew.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::proxy {

// Times in microseconds, in buckets of a quarter of a power of two: at most 25 % wide.
class Latencies {
 public:
  static constexpr std::size_t kBuckets = 144;

  void add(std::uint64_t micros) {
    if (counts_.empty()) counts_.resize(kBuckets);
    ++counts_[bucket_of(micros)];
  }
  void add(const Latencies& other);
  // The time that `percent` of 100 stay within, rounded up to its bucket's end; 0: nothing counted.
  std::uint64_t percentile(double percent) const;

  const std::vector<std::uint64_t>& counts() const { return counts_; }
  static Result<Latencies> from(std::vector<std::uint64_t> counts);

  static constexpr std::size_t bucket_of(std::uint64_t micros) {
    if (micros < 4) return micros;
    const auto width = static_cast<std::size_t>(std::bit_width(micros));
    const std::size_t bucket = (width - 2) * 4 + ((micros >> (width - 3)) & 3);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }

 private:
  std::vector<std::uint64_t> counts_;  // empty until something is counted
};

struct Traffic {
  std::string key;               // the app
  std::uint64_t generation = 0;  // the release
  std::uint64_t requests = 0;
  std::uint64_t open = 0;  // requests and tunnels under way
  // By the hundreds of the status; [0]: the client had gone before there was one.
  std::array<std::uint64_t, 6> answers{};
  std::uint64_t bytes_in = 0;  // of bodies
  std::uint64_t bytes_out = 0;
  std::uint64_t retries = 0;
  std::uint64_t connect_failures = 0;
  Latencies latencies;  // from a head to the end of its answer, without tunnels

  void add(const Traffic& other);
};

struct Totals {
  std::uint64_t workers = 0;
  std::uint64_t clients = 0;          // connections now
  std::uint64_t app_connections = 0;  // now, also idle ones
  std::uint64_t accepted = 0;
  std::uint64_t connected = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  // messages that were none
  std::uint64_t turned_away = 0;
  std::uint64_t log_lines_lost = 0;

  void add(const Totals& other);
};

struct ProxyTraffic {
  Totals totals;
  std::vector<Traffic> apps;  // by key, then by generation

  // Sums up what is of the same app and release.
  void add(const ProxyTraffic& other);
};

std::string encode_traffic(const ProxyTraffic& traffic);
Result<ProxyTraffic> decode_traffic(std::string_view text);

}  // namespace dokku::proxy
