// What request and answer heads have in common: lines, field lines, lists. Private to proxy/h1.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "proxy/h1/head.h"
#include "proxy/h1/rules.h"
#include "proxy/http/characters.h"

namespace dokku::proxy::h1 {

inline HeadResult refuse(int status, const char* reason) {
  return {HeadResult::Kind::refused, 0, status, reason};
}

// True when the message breaks `rule` and that is not to be suffered.
inline bool broken(Rule rule, bool breaks) { return breaks && enforced(rule); }

// Index just behind the next LF at or after `from`; bytes.size() + 1 when there is none.
inline std::size_t line_end(std::string_view bytes, std::size_t from) {
  const void* found = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
  if (found == nullptr) return bytes.size() + 1;
  return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
}

// True when no line has ended since the last look, so that nothing new can be said about a head
// within its limit. Moves `progress` on.
bool nothing_new(std::string_view bytes, HeadProgress& progress);

// Reads a digit string that fits 63 bits; false: anything else.
bool parse_length(std::string_view text, std::uint64_t& value);

// Splits one field line (without its end). Returns nullptr, or the rule that it breaks.
const char* split_field(std::string_view line, std::string_view& name, std::string_view& value);

// Adds the field of `line`, which stands in memory with its CRLF when `crlf`.
http::Field& add_field(http::Fields& fields, std::string_view name, std::string_view value,
                       std::string_view line, bool crlf);

// Calls f(element) for each element of a comma list, trimmed; empty ones are skipped (RFC 9110
// §5.6.1). Stops when f returns false and returns that.
template <class F>
bool each_element(std::string_view list, F&& f) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = http::trim(list.substr(0, comma));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    if (!element.empty() && !f(element)) return false;
  }
  return true;
}

// Marks the fields that Connection lists as dropped; protected names stay (RFC 9110 §7.6.1).
// False: a Connection field is not a list of tokens.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};
bool apply_connection(http::Fields& fields, ConnectionOptions& options);

}  // namespace dokku::proxy::h1
