// Chain: the segments of one container, read forward from anywhere as whole lines.
//
// Keeps no descriptor between reads, so that a hundred crashed generations cost none.
// For LogReader only. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "server/logs/log_reader.h"
#include "server/logs/segments.h"

namespace dokku::server {

class Chain {
 public:
  // Reading begins with `first`, the lowest sequence there is.
  explicit Chain(const Segment& first) : at_(first) {}

  const std::string& name() const { return at_.chain; }
  const std::filesystem::path& dir() const { return at_.dir; }

  // Moves the reading position to the last `lines` lines of what exists now. Returns how many
  // there are, at most `lines`.
  std::size_t seek_last(std::size_t lines);

  // The next line if it is complete, without taking it. Valid until the next call.
  const LogLine* peek();
  void take() { head_.reset(); }

 private:
  std::optional<std::string_view> next_raw();
  bool refill();
  bool to_next_segment();
  void accept(const Record& record);

  Segment at_;
  std::uint64_t offset_ = 0;  // of what is not in buffer_ yet
  std::string buffer_;
  std::size_t parsed_ = 0;
  std::array<std::string, 2> unfinished_;  // of stdout and stderr
  std::optional<LogLine> head_;
};

}  // namespace dokku::server
