#include "proxy/control/json_values.h"

namespace dokku::proxy::values {

Result<std::string> string_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return wrong(key, "is not a string");
  return found->get<std::string>();
}

Result<std::uint64_t> number_at(const json& object, const char* key, std::uint64_t max) {
  const auto found = object.find(key);
  if (found == object.end()) return std::uint64_t{0};
  if (!found->is_number_unsigned()) return wrong(key, "is not a whole number");
  const auto value = found->get<std::uint64_t>();
  if (value > max) return wrong(key, "is out of range");
  return value;
}

Result<const json*> array_at(const json& object, const char* key) {
  static const json kNone = json::array();
  const auto found = object.find(key);
  if (found == object.end()) return &kNone;
  if (!found->is_array()) return wrong(key, "is not a list");
  return &*found;
}

Result<std::vector<std::string>> strings_at(const json& object, const char* key) {
  std::vector<std::string> all;
  const json* list = TRY(array_at(object, key));
  for (const json& each : *list) {
    if (!each.is_string()) return wrong(key, "holds something that is not a string");
    all.push_back(each.get<std::string>());
  }
  return all;
}

Result<std::uint16_t> port_at(const json& object, const char* key) {
  if (!object.contains(key)) return std::uint16_t{0};
  const std::uint64_t port = TRY(number_at(object, key, 65535));
  if (port == 0) return wrong(key, "is not a port");
  return static_cast<std::uint16_t>(port);
}

Result<> read_bool(const json& object, const char* key, bool& into) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_boolean()) return wrong(key, "is neither true nor false");
  into = found->get<bool>();
  return {};
}

Result<> read_string(const json& object, const char* key, std::string& into) {
  if (!object.contains(key)) return {};
  into = TRY(string_at(object, key));
  return {};
}

Result<> read_strings(const json& object, const char* key, std::vector<std::string>& into) {
  if (!object.contains(key)) return {};
  into = TRY(strings_at(object, key));
  return {};
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<json> parse(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return fail(Errc::invalid_argument, "not JSON");
  return value;
}

Result<json> parse_object(std::string_view text) {
  json value = TRY(parse(text));
  if (!value.is_object()) return fail(Errc::invalid_argument, "not a JSON object");
  return value;
}

}  // namespace dokku::proxy::values
