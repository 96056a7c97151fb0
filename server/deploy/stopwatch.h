// Stopwatch: what each phase of a deploy took, for the line before "Application deployed".
#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace dokku::server {

class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), last_(clock.now()) {}

  // The phase that ends now, and what it took: "build 0.84 s".
  std::string lap(std::string phase) {
    const TimePoint now = clock_.now();
    laps_.emplace_back(std::move(phase), now - std::exchange(last_, now));
    return text_of(laps_.back());
  }

  // "source 0.01 s, build 0.84 s, start 0.21 s"
  std::string line() const {
    std::string out;
    for (const Lap& lap : laps_) out += (out.empty() ? "" : ", ") + text_of(lap);
    return out;
  }

 private:
  using Lap = std::pair<std::string, Duration>;
  static std::string text_of(const Lap& lap) {
    char text[64];
    std::snprintf(text, sizeof text, " %.2f s", std::chrono::duration<double>(lap.second).count());
    return lap.first + text;
  }

  const Clock& clock_;
  TimePoint last_;
  std::vector<Lap> laps_;
};

}  // namespace dokku::server
