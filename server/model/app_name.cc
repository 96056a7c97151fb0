#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::size_t kShownMax = 200;

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Length of the UTF-8 sequence at the start of `text`; 0 when there is none that people can read.
std::size_t readable_prefix(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 0;
  if (byte(0) < 0x80) return 1;
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  // 0xc2 0x80 to 0xc2 0x9f are control characters too.
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  if (byte(0) == 0xc2 && byte(1) < 0xa0) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

Result<AppName> AppName::parse(std::string_view text) {
  bool valid = !text.empty() && lower_or_digit(text.front());
  for (const char c : text) valid = valid && (lower_or_digit(c) || c == '.' || c == '-');
  if (!valid) {
    return fail(Errc::invalid_argument,
                "App name must begin with lowercase alphanumeric character, and may only contain "
                "lowercase alphanumerics, dots, and hyphens");
  }
  if (text.size() > kLengthMax) {
    return fail(Errc::invalid_argument,
                "App name must not be longer than " + std::to_string(kLengthMax) + " characters");
  }
  return AppName(std::string(text));
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    if (shown.size() >= kShownMax) return shown + "…";
    const std::size_t length = readable_prefix(text);
    if (length == 0) {
      shown += '?';
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return shown;
}

Error app_missing(std::string_view name) {
  return {Errc::not_found, "App " + printable(name) + " does not exist"};
}

}  // namespace dokku::server
