// Reading JSON without trust: each answer is a value or a sentence that names the key.
//
// For the .cc files of this folder only: it brings nlohmann/json with it. A missing key is the
// empty value, 0 or false, or leaves what stands there (the read_ functions); a wrong kind is
// invalid_argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::proxy::values {

using nlohmann::json;

inline Fail wrong(const char* key, const char* what) {
  return fail(Errc::invalid_argument, std::string("\"") + key + "\" " + what);
}

Result<std::string> string_at(const json& object, const char* key);
Result<std::uint64_t> number_at(const json& object, const char* key, std::uint64_t max);
Result<const json*> array_at(const json& object, const char* key);
Result<std::vector<std::string>> strings_at(const json& object, const char* key);
// 0 where it is missing; else 1 to 65535.
Result<std::uint16_t> port_at(const json& object, const char* key);

Result<> read_bool(const json& object, const char* key, bool& into);
Result<> read_string(const json& object, const char* key, std::string& into);
Result<> read_strings(const json& object, const char* key, std::vector<std::string>& into);
template <class Number>
Result<> read_number(const json& object, const char* key, Number& into) {
  if (!object.contains(key)) return {};
  const std::uint64_t value =
      TRY(number_at(object, key, static_cast<std::uint64_t>(std::numeric_limits<Number>::max())));
  into = static_cast<Number>(value);
  return {};
}

// Strings that came in by argv may hold any byte: what is not UTF-8 is replaced, never thrown at.
std::string dump(const json& value);
Result<json> parse(std::string_view text);
Result<json> parse_object(std::string_view text);

}  // namespace dokku::proxy::values
