#include "cli/commands/ways.h"

#include "server/deploy/proxy_settings.h"
#include "server/deploy/route_group.h"
#include "server/deploy/wanted.h"
#include "server/platform/routing.h"

namespace dokku::cli {
namespace {

using server::App;

// What nginx has, and a proxy that streams and is no nginx cannot mean.
struct Meaningless {
  const char* name;
  const char* why;
};
constexpr Meaningless kMeaningless[] = {
    {"bind-address-ipv4", "The proxy listens on all addresses"},
    {"bind-address-ipv6", "The proxy listens on all addresses"},
    {"disable-custom-config", "There is no configuration file; see proxy:show-config"},
    {"nginx-conf-sigil-path", "There is no configuration file; see proxy:show-config"},
    {"nginx-service-command", "There is no nginx; the proxy is a part of this program"},
    {"proxy-buffer-size", "The proxy streams, so there is nothing to buffer"},
    {"proxy-buffering", "The proxy streams, so there is nothing to buffer"},
    {"proxy-buffers", "The proxy streams, so there is nothing to buffer"},
    {"proxy-busy-buffers-size", "The proxy streams, so there is nothing to buffer"},
};

Property property_of(const server::ProxyProperty& known) {
  Property property;
  property.name = known.name;
  property.fallback = known.fallback;
  property.parse = [&known](const std::string& typed) -> Result<std::string> {
    proxy::Settings scratch;
    if (known.apply(scratch, typed)) return typed;
    return fail(Errc::invalid_argument, std::string("Expected: ") + known.expected);
  };
  property.effect = follow_ways_of;
  return property;
}

std::string listener_text(const proxy::Listener& listener, const server::RouteSpec& spec,
                          std::uint16_t app_port) {
  static constexpr const char* kSchemes[] = {"http", "https", "grpc", "grpcs"};
  std::string text = std::string("listen: ") + kSchemes[static_cast<int>(listener.scheme)] + " " +
                     std::to_string(listener.port);
  if (listener.redirect_to != 0) {
    return text + ", leads to https on port " + std::to_string(listener.redirect_to);
  }
  const std::uint16_t to = listener.target_port == 0 ? app_port : listener.target_port;
  text += " to port " + std::to_string(to);
  if (proxy::is_grpc(listener.scheme)) text += " by HTTP/2";
  return listener.any_host || spec.hosts.empty() ? text + ", for any host" : text;
}

// PORT of what is started from now on.
std::uint16_t first_port(const server::RouteSpec& spec) {
  return spec.ports.empty() ? server::kAppPort : spec.ports.front().container;
}

// The first map leads to where the processes listen, whatever it says: they learn of another port
// when they are started next.
Result<> tell_of_next_port(Invocation& call, const App& app) {
  std::optional<std::uint16_t> served;
  std::uint16_t next = 0;
  const auto read = [&](server::ReadTx& tx) -> Result<> {
    served = TRY(server::served_port(tx, app.id));
    const server::RouteSpec spec = TRY(server::route_spec(tx, app));
    next = first_port(spec);
    return {};
  };
  TRY(call.platform.store.read(read));
  if (!served || *served == next) return {};
  call.print.verbose("PORT is " + std::to_string(*served) + " until the next start, then " +
                     std::to_string(next) + "; now: dokku ps:restart " + app.name.str());
  return {};
}

}  // namespace

Result<> follow_ways(Invocation& call, const App& app) {
  const bool deployed = TRY(call.platform.apps.deployed(app));
  if (!deployed) {
    call.print.warn("No web listeners specified for " + app.name.str());
    return {};
  }
  PrinterProgress progress(call);
  TRY(call.platform.domains.routes_changed(app, progress));
  return tell_of_next_port(call, app);
}

Result<> follow_ways_of(Invocation& call, const PropertyTarget& target) {
  PrinterProgress progress(call);
  std::vector<App> apps;
  if (target.app != nullptr) {
    apps.push_back(*target.app);
  } else {
    apps = TRY(call.platform.apps.list());
  }
  for (const App& app : apps) {
    const bool deployed = TRY(call.platform.apps.deployed(app));
    if (deployed) TRY(call.platform.domains.routes_changed(app, progress));
  }
  return {};
}

const PropertyTable& proxy_settings_table() {
  static const PropertyTable kTable = [] {
    PropertyTable table{.topic = "nginx", .wording = Missing::bash};
    for (const server::ProxyProperty& known : server::proxy_properties()) {
      table.properties.push_back(property_of(known));
    }
    for (const Meaningless& each : kMeaningless) {
      const std::string why = each.why;
      Property refused{.name = each.name, .hidden = true};
      refused.parse = [why](const std::string&) -> Result<std::string> {
        return fail(Errc::invalid_argument, why);
      };
      table.properties.push_back(std::move(refused));
    }
    return table;
  }();
  return kTable;
}

Result<int> show_ways(Invocation& call, Missing missing) {
  const App app = TRY(app_argument(call, 0, missing));
  TRY(at_most(call, 1));
  server::RouteSpec spec;
  std::uint16_t port = 0;
  const auto read = [&](server::ReadTx& tx) -> Result<> {
    spec = TRY(server::route_spec(tx, app));
    const auto served = TRY(server::served_port(tx, app.id));
    port = served.value_or(first_port(spec));
    return {};
  };
  TRY(call.platform.store.read(read));
  proxy::Group group;
  server::describe_ways(spec, call.platform.instance, port, group);
  call.print.info2_quiet(app.name.str() + " proxy configuration");
  for (const std::string& host : group.hosts) call.print.verbose("host: " + host);
  for (const proxy::Listener& each : group.listeners) {
    call.print.verbose(listener_text(each, spec, port));
  }
  if (!spec.certificate.empty()) {
    const server::CertificateFacts facts = TRY(server::read_certificate(spec.certificate.chain));
    std::string names;
    for (const std::string& name : facts.hostnames) names += (names.empty() ? "" : " ") + name;
    call.print.verbose("certificate: " + names + ", until " + facts.expires_at);
  }
  if (call.platform.executor != nullptr) {
    for (const server::InstanceSeen& seen : call.platform.executor->instances(app.name.str())) {
      if (seen.type != "web" || seen.state != server::InstanceSeen::State::ready) continue;
      call.print.verbose("target: " + seen.address + ":" + std::to_string(seen.port) + " " +
                         seen.name());
    }
  }
  for (const server::ProxyProperty& known : server::proxy_properties()) {
    const auto set = spec.settings.find(known.name);
    const std::string value = set == spec.settings.end() ? known.fallback : set->second;
    if (!value.empty()) call.print.verbose(std::string(known.name) + ": " + value);
  }
  return 0;
}

}  // namespace dokku::cli
