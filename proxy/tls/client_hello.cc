#include "proxy/tls/client_hello.h"

#include <algorithm>

namespace dokku::proxy::tls {
namespace {

constexpr std::size_t kNameBytesMax = 253;
constexpr unsigned char kHostName = 0;

// Takes a vector with a length of `width` bytes off the front. Nothing: it is cut short.
std::optional<std::string_view> take(std::string_view& bytes, std::size_t width) {
  if (bytes.size() < width) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < width; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(width);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool names_host(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace

std::optional<std::string> server_name(std::string_view extension) {
  std::optional<std::string_view> list = take(extension, 2);
  if (!list || !extension.empty()) return std::nullopt;
  while (!list->empty()) {
    const auto kind = static_cast<unsigned char>(list->front());
    list->remove_prefix(1);
    const std::optional<std::string_view> name = take(*list, 2);
    if (!name) return std::nullopt;
    if (kind != kHostName) continue;
    std::string host(*name);
    std::transform(host.begin(), host.end(), host.begin(), lower);
    if (host.ends_with('.')) host.pop_back();
    if (!names_host(host)) return std::nullopt;
    return host;
  }
  return std::nullopt;
}

bool offers(std::string_view extension, std::string_view protocol) {
  std::optional<std::string_view> list = take(extension, 2);
  if (!list || !extension.empty()) return false;
  bool found = false;
  while (!list->empty()) {
    const std::optional<std::string_view> each = take(*list, 1);
    if (!each || each->empty()) return false;
    found = found || *each == protocol;
  }
  return found;
}

}  // namespace dokku::proxy::tls
