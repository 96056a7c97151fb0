#include "proxy/h1/lines.h"

#include <utility>

namespace dokku::proxy::h1 {

using http::Field;
using http::FieldId;

bool nothing_new(std::string_view bytes, HeadProgress& progress) {
  const std::size_t searched =
      std::exchange(progress.searched, static_cast<std::uint32_t>(bytes.size()));
  return searched >= bytes.size() || line_end(bytes, searched) > bytes.size();
}

bool parse_length(std::string_view text, std::uint64_t& value) {
  if (text.empty()) return false;
  constexpr std::uint64_t kMax = INT64_MAX;
  std::uint64_t sum = 0;
  for (const char c : text) {
    if (!http::is(c, http::kDigit)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (sum > (kMax - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  value = sum;
  return true;
}

const char* split_field(std::string_view line, std::string_view& name, std::string_view& value) {
  if (line.front() == ' ' || line.front() == '\t') {
    if (enforced(Rule::no_folding)) return "line folding";
    line = http::trim(line);
  }
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return "field line without a colon";
  name = line.substr(0, colon);
  if (broken(Rule::name_is_token, !http::is_token(name))) return "field name is not a token";
  value = http::trim(line.substr(colon + 1));
  if (broken(Rule::value_bytes, !http::all_are(value, http::kValue))) {
    return "control character in a field value";
  }
  return nullptr;
}

Field& add_field(http::Fields& fields, std::string_view name, std::string_view value,
                 std::string_view line, bool crlf) {
  Field& field = fields.add(name, value, http::field_id(name));
  field.verbatim = crlf && line.size() == name.size() + 2 + value.size() &&
                   value.data() == name.data() + name.size() + 2 && line[name.size() + 1] == ' ';
  return field;
}

namespace {

bool drop_named(http::Fields& fields, std::string_view name) {
  if (!http::is_token(name)) return !enforced(Rule::connection_is_tokens);
  const bool stays = http::is_protected(http::field_id(name));
  if (stays && enforced(Rule::protected_names_stay)) return true;
  if (!enforced(Rule::connection_names_are_dropped)) return true;
  for (Field& field : fields) {
    if (http::equal_ignoring_case(field.name, name)) field.dropped = true;
  }
  return true;
}

}  // namespace

bool apply_connection(http::Fields& fields, ConnectionOptions& options) {
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    const bool listed = each_element(field.value, [&](std::string_view option) {
      if (http::equal_ignoring_case(option, "close")) {
        options.close = true;
      } else if (http::equal_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else if (http::equal_ignoring_case(option, "upgrade")) {
        options.upgrade = true;
      } else {
        return drop_named(fields, option);
      }
      return true;
    });
    if (!listed) return false;
  }
  return true;
}

}  // namespace dokku::proxy::h1
