// Which bytes may stand where in HTTP (RFC 9110 §5.5, §5.6.2; RFC 9112 §3).
//
// One table, one load per byte. Used by the h1 codec and, later, by h2's message checks.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dokku::proxy::http {

enum CharacterClass : std::uint8_t {
  kToken = 1,    // tchar
  kValue = 2,    // field-vchar, SP, HTAB and obs-text
  kTarget = 4,   // VCHAR without '#'
  kRegName = 8,  // reg-name without ',' and '%'
  kDigit = 16,
  kHex = 32,
};

namespace detail {
constexpr bool any_of(std::string_view set, char c) { return set.find(c) != set.npos; }

constexpr std::array<std::uint8_t, 256> classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool alnum = (i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z');
    const bool visible = i > 0x20 && i < 0x7f;
    unsigned bits = 0;
    if (alnum || (visible && any_of("!#$%&'*+-.^_`|~", c))) bits |= kToken;
    if (visible || i == ' ' || i == '\t' || i >= 0x80) bits |= kValue;
    if (visible && c != '#') bits |= kTarget;
    if (alnum || (visible && any_of("-._~!$&'()*+;=", c))) bits |= kRegName;
    if (i >= '0' && i <= '9') bits |= kDigit | kHex;
    if ((i >= 'A' && i <= 'F') || (i >= 'a' && i <= 'f')) bits |= kHex;
    table[i] = static_cast<std::uint8_t>(bits);
  }
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kClasses = classes();
}  // namespace detail

inline bool is(char c, CharacterClass wanted) {
  return (detail::kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

inline bool all_are(std::string_view text, CharacterClass wanted) {
  std::uint8_t common = 0xff;
  for (const char c : text) common &= detail::kClasses[static_cast<unsigned char>(c)];
  return (common & wanted) != 0;
}

inline bool is_token(std::string_view text) { return !text.empty() && all_are(text, kToken); }

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Only SP and HTAB are white space around a value: not 0x0b, 0x0c, 0x85 or 0xa0.
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace dokku::proxy::http
