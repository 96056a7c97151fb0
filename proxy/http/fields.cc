#include "proxy/http/fields.h"

#include <array>
#include <utility>

#include "proxy/http/characters.h"

namespace dokku::proxy::http {
namespace {

using Entry = std::pair<std::string_view, FieldId>;

constexpr std::array<Entry, 20> kNames{{
    {"te", FieldId::te},
    {"host", FieldId::host},
    {"date", FieldId::date},
    {"proxy", FieldId::proxy},
    {"cookie", FieldId::cookie},
    {"expect", FieldId::expect},
    {"trailer", FieldId::trailer},
    {"upgrade", FieldId::upgrade},
    {"forwarded", FieldId::forwarded},
    {"x-real-ip", FieldId::x_real_ip},
    {"connection", FieldId::connection},
    {"keep-alive", FieldId::keep_alive},
    {"max-forwards", FieldId::max_forwards},
    {"x-request-id", FieldId::x_request_id},
    {"authorization", FieldId::authorization},
    {"content-length", FieldId::content_length},
    {"http2-settings", FieldId::http2_settings},
    {"x-request-start", FieldId::x_request_start},
    {"proxy-connection", FieldId::proxy_connection},
    {"transfer-encoding", FieldId::transfer_encoding},
}};

constexpr std::size_t kLongest = 17;

// First entry of each length in kNames, which is sorted by length.
constexpr std::array<std::uint8_t, kLongest + 2> first_by_length() {
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::size_t i = 0;
    while (i < kNames.size() && kNames[i].first.size() < length) ++i;
    first[length] = static_cast<std::uint8_t>(i);
  }
  return first;
}
constexpr auto kFirst = first_by_length();

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.size() <= kLongest) {
    for (std::size_t i = kFirst[name.size()]; i < kFirst[name.size() + 1]; ++i) {
      if (equal_ignoring_case(name, kNames[i].first)) return kNames[i].second;
    }
  }
  constexpr std::string_view kForwarded = "x-forwarded-";
  if (name.size() >= kForwarded.size() && (name[0] | 0x20) == 'x' &&
      equal_ignoring_case(name.substr(0, kForwarded.size()), kForwarded)) {
    return FieldId::x_forwarded;
  }
  return FieldId::other;
}

}  // namespace dokku::proxy::http
