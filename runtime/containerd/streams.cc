#include "runtime/containerd/streams.h"

#include <string_view>

namespace dokku::runtime {
namespace {

// Everything but RFC 3986's unreserved characters and, in paths, the slash.
std::string percent_encoded(std::string_view text, bool keep_slash) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15U]);
    }
  }
  return out;
}

// Several keys would reach the logger in random order, so there is one.
std::string logger_uri(const Stdio& stdio) {
  return "binary://" + percent_encoded(stdio.logger_program.string(), true) + "?" +
         percent_encoded(stdio.logger_key, false) + "=" +
         percent_encoded(stdio.logger_value, false);
}

// With one stream given the shim opens all of them; any file will do for those not wanted.
std::string or_null(const std::filesystem::path& path) {
  return path.empty() ? "/dev/null" : path.string();
}

}  // namespace

Result<TaskStreams> streams_for_init(const Stdio& stdio, bool terminal) {
  switch (stdio.kind) {
    case Stdio::Kind::null:
      if (!terminal) return TaskStreams{};
      return fail(Errc::invalid_argument, "a terminal needs FIFOs");
    case Stdio::Kind::logger:
      if (terminal) return fail(Errc::invalid_argument, "a logger cannot follow a terminal");
      if (!stdio.logger_program.is_absolute()) {
        return fail(Errc::invalid_argument, "the logger's path must be absolute");
      }
      return TaskStreams{"", logger_uri(stdio), logger_uri(stdio), false};
    case Stdio::Kind::fifos:
      break;
  }
  if (terminal) return TaskStreams{stdio.in.string(), or_null(stdio.out), "", true};
  return TaskStreams{stdio.in.string(), or_null(stdio.out), or_null(stdio.err), false};
}

Result<TaskStreams> streams_for_exec(const Stdio& stdio, bool terminal) {
  if (stdio.kind == Stdio::Kind::logger) {
    return fail(Errc::invalid_argument, "only a container's own process can have a logger");
  }
  if (stdio.kind == Stdio::Kind::null && !terminal) {
    return TaskStreams{"", "/dev/null", "/dev/null", false};
  }
  return streams_for_init(stdio, terminal);
}

}  // namespace dokku::runtime
