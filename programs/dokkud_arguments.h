// The command line of dokkud.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::programs {

struct Arguments {
  std::string config;
  std::string crash_at;
  std::string crash_trace;
  std::optional<int> schema_back;
  bool prepare_stack = false;
  bool become_containerd = false;
  bool containerd_is_kept = false;
  bool list_crash_points = false;
  bool manual = false;
  bool facts = false;
};

inline Result<int> read_schema(std::string_view text) {
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size()) return version;
  return fail(Errc::invalid_argument, "not the number of a schema: " + std::string(text));
}

inline Result<Arguments> read_arguments(int argc, char** argv) {
  Arguments read;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--config" && i + 1 < argc) {
      read.config = argv[++i];
    } else if (word == "--crash-at" && i + 1 < argc) {
      read.crash_at = argv[++i];
    } else if (word == "--trace-crash-points" && i + 1 < argc) {
      read.crash_trace = argv[++i];
    } else if (word == "--schema-back" && i + 1 < argc) {
      read.schema_back = TRY(read_schema(argv[++i]));
    } else if (word == "--prepare-stack") {
      read.prepare_stack = true;
    } else if (word == "--become-containerd") {
      read.become_containerd = true;
    } else if (word == "--containerd-is-kept") {
      read.containerd_is_kept = true;
    } else if (word == "--list-crash-points") {
      read.list_crash_points = true;
    } else if (word == "--manual") {
      read.manual = true;
    } else if (word == "--facts") {
      read.facts = true;
    } else {
      return fail(Errc::invalid_argument, "unknown argument: " + std::string(word));
    }
  }
  if (read.config.empty() && !read.list_crash_points && !read.manual && !read.facts) {
    return fail(Errc::invalid_argument, "usage: dokkud --config FILE");
  }
  return read;
}

}  // namespace dokku::programs
