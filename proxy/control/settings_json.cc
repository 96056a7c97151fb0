#include "proxy/control/settings_json.h"

#include <array>
#include <charconv>
#include <utility>

namespace dokku::proxy {
namespace {

using nlohmann::json;
using values::wrong;

constexpr int kStatusMin = 400;
constexpr int kStatusMax = 599;

template <class Value>
using Names = std::array<std::pair<Value, std::string_view>, 3>;

constexpr Names<Settings::Forwarded> kForwarded{{{Settings::Forwarded::replace, "replace"},
                                                 {Settings::Forwarded::append, "append"},
                                                 {Settings::Forwarded::keep, "keep"}}};
constexpr Names<Settings::AccessLog> kAccessLog{{{Settings::AccessLog::off, "off"},
                                                 {Settings::AccessLog::combined, "combined"},
                                                 {Settings::AccessLog::json, "json"}}};

constexpr const auto& names_of(Settings::Forwarded) { return kForwarded; }
constexpr const auto& names_of(Settings::AccessLog) { return kAccessLog; }

// One list of all fields, for both directions: f(name, member).
template <class S, class F>
void each_field(S& s, F&& f) {
  f("client-max-body-size", s.client_max_body_size);
  f("client-header-timeout", s.client_header_timeout);
  f("client-body-timeout", s.client_body_timeout);
  f("send-timeout", s.send_timeout);
  f("keepalive-timeout", s.keepalive_timeout);
  f("lingering-timeout", s.lingering_timeout);
  f("large-client-header-buffers", s.large_client_header_buffers);
  f("underscore-in-headers", s.underscore_in_headers);
  f("proxy-connect-timeout", s.proxy_connect_timeout);
  f("proxy-send-timeout", s.proxy_send_timeout);
  f("proxy-read-timeout", s.proxy_read_timeout);
  f("proxy-tunnel-timeout", s.proxy_tunnel_timeout);
  f("grpc-read-timeout", s.grpc_read_timeout);
  f("proxy-keepalive", s.proxy_keepalive);
  f("proxy-keepalive-timeout", s.proxy_keepalive_timeout);
  f("x-forwarded-for", s.x_forwarded_for);
  f("x-forwarded-proto", s.x_forwarded_proto);
  f("x-forwarded-port", s.x_forwarded_port);
  f("x-forwarded-host", s.x_forwarded_host);
  f("x-forwarded-ssl", s.x_forwarded_ssl);
  f("trusted-proxies", s.trusted_proxies);
  f("hsts", s.hsts);
  f("hsts-max-age", s.hsts_max_age);
  f("hsts-include-subdomains", s.hsts_include_subdomains);
  f("hsts-preload", s.hsts_preload);
  f("access-log", s.access_log);
  f("error-log", s.error_log);
  f("maintenance", s.maintenance);
  f("maintenance-page", s.maintenance_page);
  f("retry-after", s.retry_after);
  f("error-pages", s.error_pages);
  f("hold", s.hold);
  f("hold-requests-max", s.hold_requests_max);
  f("hold-bytes-max", s.hold_bytes_max);
  f("hold-timeout", s.hold_timeout);
}

// --- to JSON

template <class T>
json as_json(const T& value) {
  return value;
}
json as_json(Settings::Millis value) { return static_cast<std::uint64_t>(value.count()); }
json as_json(std::chrono::seconds value) { return static_cast<std::uint64_t>(value.count()); }
template <class Value>
json name_in(const Names<Value>& names, Value value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return nullptr;
}
json as_json(Settings::Forwarded value) { return name_in(kForwarded, value); }
json as_json(Settings::AccessLog value) { return name_in(kAccessLog, value); }
json as_json(const std::map<int, std::string>& pages) {
  json object = json::object();
  for (const auto& [status, page] : pages) object[std::to_string(status)] = page;
  return object;
}

// --- from JSON

Result<> read(const json& object, const char* key, bool& into) {
  return values::read_bool(object, key, into);
}
Result<> read(const json& object, const char* key, std::string& into) {
  return values::read_string(object, key, into);
}
Result<> read(const json& object, const char* key, std::vector<std::string>& into) {
  return values::read_strings(object, key, into);
}
Result<> read(const json& object, const char* key, std::uint32_t& into) {
  return values::read_number(object, key, into);
}
Result<> read(const json& object, const char* key, std::uint64_t& into) {
  return values::read_number(object, key, into);
}

// Milliseconds or seconds, as the field counts. At most about a month: sums with a clock stay sums.
template <class Rep, class Period>
Result<> read(const json& object, const char* key, std::chrono::duration<Rep, Period>& into) {
  if (!object.contains(key)) return {};
  const std::uint64_t value = TRY(values::number_at(object, key, 1ULL << 31));
  into = std::chrono::duration<Rep, Period>(static_cast<Rep>(value));
  return {};
}

template <class Value>
Result<> read_name(const json& object, const char* key, Value& into) {
  if (!object.contains(key)) return {};
  const std::string text = TRY(values::string_at(object, key));
  for (const auto& [each, name] : names_of(Value{})) {
    if (name == text) {
      into = each;
      return {};
    }
  }
  return wrong(key, "has a value that is none of its own");
}
Result<> read(const json& object, const char* key, Settings::Forwarded& into) {
  return read_name(object, key, into);
}
Result<> read(const json& object, const char* key, Settings::AccessLog& into) {
  return read_name(object, key, into);
}

Result<> read(const json& object, const char* key, std::map<int, std::string>& into) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_object()) return wrong(key, "is not an object");
  for (const auto& [name, page] : found->items()) {
    int status = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), status).ptr;
    const bool whole = end == name.data() + name.size();
    if (!whole || status < kStatusMin || status > kStatusMax || !page.is_string()) {
      return wrong(key, "holds something that is no page of a status");
    }
    into[status] = page.get<std::string>();
  }
  return {};
}

}  // namespace

json settings_to_json(const Settings& settings) {
  static const json kDefaults = [] {
    const Settings defaults;
    json object = json::object();
    each_field(defaults,
               [&](const char* name, const auto& value) { object[name] = as_json(value); });
    return object;
  }();
  json object = json::object();
  each_field(settings, [&](const char* name, const auto& value) {
    json each = as_json(value);
    if (each != kDefaults[name]) object[name] = std::move(each);
  });
  return object;
}

Result<Settings> settings_from_json(const json& object) {
  if (!object.is_object()) return wrong("settings", "is not an object");
  Settings settings;
  Result<> outcome;
  each_field(settings, [&](const char* name, auto& value) {
    if (outcome) outcome = read(object, name, value);
  });
  if (!outcome) return Fail(std::move(outcome).error());
  return settings;
}

}  // namespace dokku::proxy
