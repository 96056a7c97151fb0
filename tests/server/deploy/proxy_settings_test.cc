#include "server/deploy/proxy_settings.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using proxy::Settings;
using namespace std::chrono_literals;

TEST(ProxySettings, FallbacksAreTheProxysDefaults) {
  std::map<std::string, std::string> all;
  for (const ProxyProperty& property : proxy_properties()) {
    Settings settings;
    const bool none = std::string(property.fallback).empty();
    EXPECT_TRUE(none || property.apply(settings, property.fallback)) << property.name;
    if (!none) all[property.name] = property.fallback;
  }
  EXPECT_EQ(proxy_settings(all), Settings{});
  EXPECT_EQ(proxy_settings({}), Settings{});
}

TEST(ProxySettings, ValuesAreReadAsNginxDoes) {
  const Settings settings = proxy_settings({{"client-max-body-size", "50m"},
                                            {"proxy-read-timeout", "120s"},
                                            {"keepalive-timeout", "2m"},
                                            {"send-timeout", "500ms"},
                                            {"hsts", "false"},
                                            {"hsts-max-age", "60"},
                                            {"proxy-keepalive", "8"},
                                            {"x-forwarded-for-value", "$http_x_forwarded_for"},
                                            {"trusted-proxies", "10.0.0.0/8, 192.0.2.7"},
                                            {"underscore-in-headers", "on"}});
  EXPECT_EQ(settings.client_max_body_size, 50ULL << 20);
  EXPECT_EQ(settings.proxy_read_timeout, 120s);
  EXPECT_EQ(settings.keepalive_timeout, 2min);
  EXPECT_EQ(settings.send_timeout, 500ms);
  EXPECT_FALSE(settings.hsts);
  EXPECT_EQ(settings.hsts_max_age, 60U);
  EXPECT_EQ(settings.proxy_keepalive, 8U);
  EXPECT_EQ(settings.x_forwarded_for, Settings::Forwarded::keep);
  EXPECT_EQ(settings.trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "192.0.2.7"}));
  EXPECT_TRUE(settings.underscore_in_headers);
}

TEST(ProxySettings, TheLogIsOffWhateverItsFormat) {
  const Settings off = proxy_settings({{"access-log-path", "off"}, {"access-log-format", "json"}});
  EXPECT_EQ(off.access_log, Settings::AccessLog::off);
  EXPECT_EQ(proxy_settings({{"access-log-format", "json"}}).access_log, Settings::AccessLog::json);
}

TEST(ProxySettings, PagesOfTheAppStandInForOurs) {
  const Settings settings = proxy_settings({{"error-page-502", "<p>oh"},
                                            {"error-page-503", ""},
                                            {"maintenance-page", "<p>soon"},
                                            {"retry-after", "1500ms"}});
  EXPECT_EQ(settings.error_pages, (std::map<int, std::string>{{502, "<p>oh"}}));
  EXPECT_EQ(settings.maintenance_page, "<p>soon");
  EXPECT_EQ(settings.retry_after, 2s);
}

TEST(ProxySettings, NonsenseIsRefused) {
  const std::map<std::string, std::vector<std::string>> bad{
      {"client-max-body-size", {"big", "1x", "-1", "1mm", "99999999999999999999"}},
      {"proxy-read-timeout", {"0", "0s", "soon", "5y", "40d", "-1s"}},
      {"hsts", {"maybe", ""}},
      {"proxy-keepalive", {"x", "1.5", "-1"}},
      {"error-page-502", {std::string(65 * 1024, 'x')}},
      {"large-client-header-buffers", {"0", "33k", "4 8k"}},
      {"retry-after", {"later"}},
      {"trusted-proxies", {"example.com", "10.0.0.0/40"}},
      {"x-forwarded-for-value", {"192.0.2.1"}},
      {"x-forwarded-ssl", {"a\r\nb"}}};
  for (const ProxyProperty& property : proxy_properties()) {
    const auto found = bad.find(property.name);
    if (found == bad.end()) continue;
    for (const std::string& value : found->second) {
      Settings settings;
      EXPECT_FALSE(property.apply(settings, value)) << property.name << " " << value;
      EXPECT_EQ(proxy_settings({{property.name, value}}), Settings{}) << property.name;
    }
  }
}

}  // namespace
}  // namespace dokku::server
