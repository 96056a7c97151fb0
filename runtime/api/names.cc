#include "runtime/api/names.h"

#include <algorithm>

namespace dokku::runtime {
namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_mark(char c) { return c == '.' || c == '_' || c == '-'; }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > 76) return false;
  bool after_mark = true;  // neither a leading nor two adjacent marks
  for (const char c : text) {
    if (is_mark(c)) {
      if (after_mark) return false;
      after_mark = true;
    } else if (is_alnum(c)) {
      after_mark = false;
    } else {
      return false;
    }
  }
  return !after_mark;
}

}  // namespace

Result<ContainerId> ContainerId::parse(std::string_view text) {
  if (!is_identifier(text)) {
    return fail(Errc::invalid_argument, "not a container id: '" + std::string(text) + "'");
  }
  return ContainerId(std::string(text));
}

Result<Digest> Digest::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  const bool valid = text.starts_with(kPrefix) && text.size() == kPrefix.size() + 64 &&
                     std::all_of(text.begin() + kPrefix.size(), text.end(), is_hex);
  if (!valid) return fail(Errc::invalid_argument, "not a digest: '" + std::string(text) + "'");
  return Digest(std::string(text));
}

Result<ImageRef> ImageRef::parse(std::string_view text) {
  const auto fits = [](char c) { return c > ' ' && c < 127; };
  const bool valid =
      !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), fits);
  if (!valid) return fail(Errc::invalid_argument, "not an image name: '" + std::string(text) + "'");
  return ImageRef(std::string(text));
}

}  // namespace dokku::runtime
