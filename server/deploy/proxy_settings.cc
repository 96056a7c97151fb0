#include "server/deploy/proxy_settings.h"

#include <charconv>
#include <optional>

#include "proxy/net/network.h"

namespace dokku::server {
namespace {

using proxy::Settings;
using Forwarded = Settings::Forwarded;

constexpr const char* kTime = "a time: 30s, 5m, 1h, or 500ms";
constexpr const char* kSize = "a size in bytes: 512k, 50m, 1g";
constexpr const char* kSwitch = "true or false";
constexpr const char* kPage = "HTML, at most 64 kB";

Fail wrong() { return fail(Errc::invalid_argument, "not of its kind"); }

// The number at the front; what follows it stays in `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  constexpr std::uint64_t kMost = 1ULL << 40;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kMost) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

Result<std::uint64_t> size_of(std::string_view text) {
  const std::optional<std::uint64_t> number = take_number(text);
  if (!number) return wrong();
  if (text.empty()) return *number;
  if (text == "k" || text == "K") return *number << 10;
  if (text == "m" || text == "M") return *number << 20;
  if (text == "g" || text == "G") return *number << 30;
  return wrong();
}

// As nginx reads them; without a unit seconds. At least a millisecond, at most a month.
Result<Settings::Millis> time_of(std::string_view text) {
  const std::optional<std::uint64_t> number = take_number(text);
  if (!number) return wrong();
  std::uint64_t unit = 1000;
  if (text == "ms") {
    unit = 1;
  } else if (text == "m") {
    unit = 60'000;
  } else if (text == "h") {
    unit = 3'600'000;
  } else if (text == "d") {
    unit = 86'400'000;
  } else if (!text.empty() && text != "s") {
    return wrong();
  }
  constexpr std::uint64_t kMost = 30ULL * 86'400'000;
  if (*number == 0 || *number > kMost / unit) return wrong();
  return Settings::Millis(static_cast<std::int64_t>(*number * unit));
}

template <Settings::Millis Settings::*member>
Result<> set_time(Settings& settings, const std::string& value) {
  settings.*member = TRY(time_of(value));
  return {};
}

template <std::uint64_t Settings::*member>
Result<> set_size(Settings& settings, const std::string& value) {
  settings.*member = TRY(size_of(value));
  return {};
}

template <bool Settings::*member>
Result<> set_switch(Settings& settings, const std::string& value) {
  const bool on = value == "true" || value == "on";
  if (!on && value != "false" && value != "off") return wrong();
  settings.*member = on;
  return {};
}

template <auto member>
Result<> set_number(Settings& settings, const std::string& value) {
  std::string_view rest = value;
  const std::optional<std::uint64_t> number = take_number(rest);
  if (!number || !rest.empty() || *number > 1ULL << 31) return wrong();
  using Number = std::remove_reference_t<decltype(settings.*member)>;
  settings.*member = static_cast<Number>(*number);
  return {};
}

// nginx's variables, as people have them in their scripts, and our own words.
template <Forwarded Settings::*member>
Result<> set_forwarded(Settings& settings, const std::string& value) {
  if (value == "replace" || value == "$remote_addr" || value == "$scheme" ||
      value == "$server_port" || value == "$host" || value == "$http_host") {
    settings.*member = Forwarded::replace;
  } else if (value == "append" || value == "$proxy_add_x_forwarded_for") {
    settings.*member = Forwarded::append;
  } else if (value == "keep" || value.rfind("$http_x_forwarded_", 0) == 0) {
    settings.*member = Forwarded::keep;
  } else {
    return wrong();
  }
  return {};
}

Result<> set_text(std::string& into, const std::string& value) {
  constexpr std::size_t kMost = 64 * 1024;
  if (value.size() > kMost) return wrong();
  into = value;
  return {};
}

Result<> set_ssl(Settings& settings, const std::string& value) {
  for (const char c : value) {
    if (c < ' ' || c > '~') return wrong();
  }
  return set_text(settings.x_forwarded_ssl, value);
}

Result<> set_page(Settings& settings, const std::string& value) {
  return set_text(settings.maintenance_page, value);
}

template <int status>
Result<> set_error_page(Settings& settings, const std::string& value) {
  std::string page;
  TRY(set_text(page, value));
  if (page.empty()) {
    settings.error_pages.erase(status);
  } else {
    settings.error_pages[status] = std::move(page);
  }
  return {};
}

// The codec reads no larger heads, whatever an app would like.
Result<> set_head_bytes(Settings& settings, const std::string& value) {
  const std::uint64_t size = TRY(size_of(value));
  if (size == 0 || size > Settings{}.large_client_header_buffers) return wrong();
  settings.large_client_header_buffers = static_cast<std::uint32_t>(size);
  return {};
}

// Said in whole seconds.
Result<> set_retry_after(Settings& settings, const std::string& value) {
  const Settings::Millis time = TRY(time_of(value));
  settings.retry_after = std::chrono::ceil<std::chrono::seconds>(time);
  return {};
}

Result<> set_trusted(Settings& settings, const std::string& value) {
  std::vector<std::string> networks;
  std::string word;
  for (const char c : value + " ") {
    if (c != ' ' && c != ',') {
      word += c;
    } else if (!word.empty()) {
      TRY(proxy::net::Network::parse(word));
      networks.push_back(std::exchange(word, {}));
    }
  }
  settings.trusted_proxies = std::move(networks);
  return {};
}

Result<> set_log_format(Settings& settings, const std::string& value) {
  if (settings.access_log == Settings::AccessLog::off) return {};
  if (value != "combined" && value != "json") return wrong();
  settings.access_log =
      value == "json" ? Settings::AccessLog::json : Settings::AccessLog::combined;
  return {};
}

// Where the files are is ours; that there are none is the user's.
Result<> set_access_log(Settings& settings, const std::string& value) {
  if (value == "off") settings.access_log = Settings::AccessLog::off;
  return value == "off" || value == "on" ? Result<>() : Result<>(wrong());
}

Result<> set_error_log(Settings& settings, const std::string& value) {
  if (value != "off" && value != "on") return wrong();
  settings.error_log = value == "on";
  return {};
}

using S = Settings;

}  // namespace

const std::vector<ProxyProperty>& proxy_properties() {
  static const std::vector<ProxyProperty> kAll{
      {"access-log-format", "combined", "combined or json", set_log_format},
      {"access-log-path", "on", "on or off", set_access_log},
      {"client-body-timeout", "60s", kTime, set_time<&S::client_body_timeout>},
      {"client-header-timeout", "10s", kTime, set_time<&S::client_header_timeout>},
      {"client-max-body-size", "0", "a size: 512k, 50m, 1g, or 0 for no limit",
       set_size<&S::client_max_body_size>},
      {"error-log-path", "on", "on or off", set_error_log},
      {"error-page-413", "", kPage, set_error_page<413>},
      {"error-page-502", "", kPage, set_error_page<502>},
      {"error-page-503", "", kPage, set_error_page<503>},
      {"error-page-504", "", kPage, set_error_page<504>},
      {"grpc-read-timeout", "1h", kTime, set_time<&S::grpc_read_timeout>},
      {"hold", "false", kSwitch, set_switch<&S::hold>},
      {"hold-bytes-max", "1m", kSize, set_size<&S::hold_bytes_max>},
      {"hold-requests-max", "256", "a number", set_number<&S::hold_requests_max>},
      {"hold-timeout", "30s", kTime, set_time<&S::hold_timeout>},
      {"hsts", "true", kSwitch, set_switch<&S::hsts>},
      {"hsts-include-subdomains", "true", kSwitch, set_switch<&S::hsts_include_subdomains>},
      {"hsts-max-age", "15724800", "a number of seconds", set_number<&S::hsts_max_age>},
      {"hsts-preload", "false", kSwitch, set_switch<&S::hsts_preload>},
      {"keepalive-timeout", "75s", kTime, set_time<&S::keepalive_timeout>},
      {"large-client-header-buffers", "32k", "a size, at most 32k", set_head_bytes},
      {"lingering-timeout", "5s", kTime, set_time<&S::lingering_timeout>},
      {"maintenance", "false", kSwitch, set_switch<&S::maintenance>},
      {"maintenance-page", "", kPage, set_page},
      {"proxy-connect-timeout", "5s", kTime, set_time<&S::proxy_connect_timeout>},
      {"proxy-keepalive", "256", "a number of connections", set_number<&S::proxy_keepalive>},
      {"proxy-keepalive-timeout", "60s", kTime, set_time<&S::proxy_keepalive_timeout>},
      {"proxy-read-timeout", "60s", kTime, set_time<&S::proxy_read_timeout>},
      {"proxy-send-timeout", "60s", kTime, set_time<&S::proxy_send_timeout>},
      {"proxy-tunnel-timeout", "1h", kTime, set_time<&S::proxy_tunnel_timeout>},
      {"retry-after", "60s", kTime, set_retry_after},
      {"send-timeout", "60s", kTime, set_time<&S::send_timeout>},
      {"trusted-proxies", "", "addresses or networks: 10.0.0.0/8, 192.0.2.7", set_trusted},
      {"underscore-in-headers", "off", "on or off", set_switch<&S::underscore_in_headers>},
      {"x-forwarded-for-value", "$remote_addr", "replace, append or keep",
       set_forwarded<&S::x_forwarded_for>},
      {"x-forwarded-host-value", "$http_host", "replace or keep",
       set_forwarded<&S::x_forwarded_host>},
      {"x-forwarded-port-value", "$server_port", "replace or keep",
       set_forwarded<&S::x_forwarded_port>},
      {"x-forwarded-proto-value", "$scheme", "replace or keep",
       set_forwarded<&S::x_forwarded_proto>},
      {"x-forwarded-ssl", "", "what is sent as X-Forwarded-Ssl: on", set_ssl},
  };
  return kAll;
}

proxy::Settings proxy_settings(const std::map<std::string, std::string>& values) {
  proxy::Settings settings;
  // What is off stays off, whatever its format: so the path comes first.
  for (const bool path_first : {true, false}) {
    for (const ProxyProperty& property : proxy_properties()) {
      const auto found = values.find(property.name);
      const bool is_path = property.apply == set_access_log;
      if (found == values.end() || is_path != path_first) continue;
      [[maybe_unused]] const Result<> ignored = property.apply(settings, found->second);
    }
  }
  return settings;
}

}  // namespace dokku::server
