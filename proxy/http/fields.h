// Field names that the proxy acts on, as small numbers; all others are `other` and pass through.
#pragma once

#include <cstdint>
#include <string_view>

namespace dokku::proxy::http {

enum class FieldId : std::uint8_t {
  other,
  authorization,
  connection,
  content_length,
  cookie,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  max_forwards,
  proxy,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  x_forwarded,  // every name that begins with X-Forwarded-
  x_real_ip,
  x_request_id,
  x_request_start,
};

// `name` is a token; case does not matter.
FieldId field_id(std::string_view name);

// Fields of one connection only (RFC 9110 §7.6.1): never passed on as they came.
constexpr bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::connection:
    case FieldId::http2_settings:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return true;
    default:
      return false;
  }
}

// Fields by which a client could lie about itself: the proxy writes them, or nobody does.
constexpr bool is_forwarding(FieldId id) {
  switch (id) {
    case FieldId::forwarded:
    case FieldId::proxy:
    case FieldId::x_forwarded:
    case FieldId::x_real_ip:
    case FieldId::x_request_id:
    case FieldId::x_request_start:
      return true;
    default:
      return false;
  }
}

// Names that a Connection field may list without effect: routing, framing and identity.
constexpr bool is_protected(FieldId id) {
  return is_forwarding(id) || id == FieldId::host || id == FieldId::content_length ||
         id == FieldId::authorization || id == FieldId::cookie;
}

}  // namespace dokku::proxy::http
