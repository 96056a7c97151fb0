#include "server/platform/routing.h"

#include <algorithm>

#include "server/store/certificates.h"
#include "server/store/domains.h"
#include "server/store/properties.h"
#include "server/supervise/executor.h"

namespace dokku::server {
namespace {

constexpr const char* kSettings = "nginx.";

Result<std::uint16_t> port_property(const ReadTx& tx, AppId app, const char* name,
                                    std::uint16_t fallback) {
  const std::string text = TRY(computed_property(tx, app, name, std::to_string(fallback)));
  const std::vector<PortMap> map = parse_port_maps("http:" + text + ":1");
  return map.empty() ? fallback : map.front().host;
}

// The app's own win over those of all apps.
Result<std::map<std::string, std::string>> settings_of(const ReadTx& tx, AppId app) {
  std::map<std::string, std::string> all;
  for (const AppId id : {AppId::global, app}) {
    const std::map<std::string, std::string> some = TRY(properties(tx, id, kSettings));
    for (const auto& [name, value] : some) {
      all[name.substr(std::string_view(kSettings).size())] = value;
    }
  }
  return all;
}

std::string url(const std::string& host, const PortMap& map, const Instance& instance) {
  std::uint16_t port = map.host;
  if (port == kHttpPort) port = instance.http_port;
  if (port == kHttpsPort) port = instance.https_port;
  const bool usual = (map.scheme == PortScheme::http && port == kHttpPort) ||
                     (map.scheme == PortScheme::https && port == kHttpsPort);
  return std::string(name_of(map.scheme)) + "://" + host +
         (usual ? "" : ":" + std::to_string(port));
}

}  // namespace

Result<bool> proxy_disabled(const ReadTx& tx, AppId app) {
  const std::string text = TRY(computed_property(tx, app, kProxyDisabled, "false"));
  return text == "true";
}

Result<std::vector<PortMap>> set_port_maps(const ReadTx& tx, AppId app) {
  const std::optional<std::string> text = TRY(property(tx, app, kPortsMap));
  return parse_port_maps(text.value_or(""));
}

Result<std::vector<PortMap>> detected_port_maps(const ReadTx& tx, const App& app) {
  const bool disabled = TRY(proxy_disabled(tx, app.id));
  const std::vector<Domain> domains = TRY(list_domains(tx, app.id));
  if (disabled || !app.vhosts_enabled || domains.empty()) {
    if (!app.own_port) return std::vector<PortMap>();
    return std::vector<PortMap>{{PortScheme::http, *app.own_port, kAppPort}};
  }
  const std::uint16_t http = TRY(port_property(tx, app.id, kProxyPort, kHttpPort));
  std::vector<PortMap> maps{{PortScheme::http, http, kAppPort}};
  const std::optional<KeyPair> certificate = TRY(certificate_of(tx, app.id));
  if (certificate) {
    const std::uint16_t https = TRY(port_property(tx, app.id, kProxySslPort, kHttpsPort));
    maps.push_back({PortScheme::https, https, kAppPort});
  }
  return maps;
}

Result<RouteSpec> route_spec(const ReadTx& tx, const App& app) {
  RouteSpec spec;
  const bool disabled = TRY(proxy_disabled(tx, app.id));
  if (app.vhosts_enabled && !disabled) {
    const std::vector<Domain> domains = TRY(list_domains(tx, app.id));
    for (const Domain& domain : domains) spec.hosts.push_back(domain.str());
    std::sort(spec.hosts.begin(), spec.hosts.end());
  }
  spec.ports = TRY(set_port_maps(tx, app.id));
  if (spec.ports.empty()) spec.ports = TRY(detected_port_maps(tx, app));
  if (spec.hosts.empty()) spec.own_port = app.own_port;
  std::optional<KeyPair> certificate = TRY(certificate_of(tx, app.id));
  if (certificate) spec.certificate = std::move(*certificate);
  spec.settings = TRY(settings_of(tx, app.id));
  return spec;
}

std::vector<std::string> urls_of(const RouteSpec& spec, const Instance& instance) {
  std::vector<std::string> urls;
  for (const std::string& host : spec.hosts) {
    for (const PortMap& map : spec.ports) {
      if (needs_certificate(map.scheme) && spec.certificate.empty()) continue;
      if (map.host == kHttpsPort && instance.https_port == 0) continue;
      urls.push_back(url(host, map, instance));
    }
  }
  return urls;
}

}  // namespace dokku::server
