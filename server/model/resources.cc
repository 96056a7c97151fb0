#include "server/model/resources.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace dokku::server {
namespace {

constexpr std::size_t kDigitsMax = 9;

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool ends_in_any(std::string_view text, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
    return text.size() > ending.size() &&
           std::equal(ending.rbegin(), ending.rend(), text.rbegin(),
                      [](char letter, char typed) { return (typed | 0x20) == letter; });
  });
}

}  // namespace

std::optional<std::uint64_t> parse_memory(std::string_view text) {
  constexpr std::string_view kUnits = "bkmg";
  std::uint64_t factor = 1ULL << 20;  // without a unit: megabytes, as in Dokku
  if (text.empty()) return std::nullopt;
  if (ends_in_any(text, {"kb", "mb", "gb"})) text.remove_suffix(1);
  if (ends_in_any(text, {"kib", "mib", "gib"})) text.remove_suffix(2);
  const auto unit = kUnits.find(static_cast<char>(text.back() | 0x20));
  if (unit != std::string_view::npos) {
    factor = 1ULL << (10 * unit);
    text.remove_suffix(1);
  }
  const auto value = whole_number<std::uint64_t>(text);
  if (!value || *value == 0 || text.size() > kDigitsMax) return std::nullopt;
  return *value * factor;
}

std::optional<std::uint32_t> parse_cores(std::string_view text) {
  constexpr std::uint32_t kCoresMax = 1024;
  const auto point = std::min(text.find('.'), text.size());
  std::string fraction(point < text.size() ? text.substr(point + 1) : "0");
  const auto cores = whole_number<std::uint32_t>(point == 0 ? "0" : text.substr(0, point));
  if (text.empty() || fraction.empty() || fraction.size() > 3 || !cores || *cores > kCoresMax) {
    return std::nullopt;
  }
  fraction.resize(3, '0');
  const auto thousandths = whole_number<std::uint32_t>(fraction);
  if (!thousandths || *cores * 1000 + *thousandths == 0) return std::nullopt;
  return *cores * 1000 + *thousandths;
}

std::string resource_property(std::string_view type, ResourceKind kind, std::string_view resource) {
  return "resource." + std::string(type.empty() ? "_default_" : type) +
         (kind == ResourceKind::limit ? ".limit." : ".reserve.") + std::string(resource);
}

}  // namespace dokku::server
