#include "server/platform/domains.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "server/platform/host.h"
#include "server/platform/routing.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr const char* kPortRange = "domains.port-range";

Result<PortRange> parse_range(const std::string& text) {
  unsigned first = 0;
  unsigned last = 0;
  char rest = 0;
  const int found = std::sscanf(text.c_str(), "%5u-%5u%c", &first, &last, &rest);
  if (found != 2 || first < 1024 || last > 65535 || last < first) {
    return fail(Errc::invalid_argument,
                "Invalid port range: " + printable(text) + "\nExpected: 20000-29999, from 1024 up");
  }
  return PortRange{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
}

Result<PortRange> port_range(const ReadTx& tx) {
  const std::optional<std::string> set = TRY(property(tx, AppId::global, kPortRange));
  if (!set) return PortRange{};
  return parse_range(*set);
}

Result<std::set<std::uint16_t>> taken_ports(const ReadTx& tx) {
  std::set<std::uint16_t> taken;
  const std::vector<App> apps = TRY(list_apps(tx));
  for (const App& app : apps) {
    if (app.own_port) taken.insert(*app.own_port);
  }
  return taken;
}

Result<App> app_by_id(const ReadTx& tx, AppId id) {
  std::vector<App> apps = TRY(list_apps(tx));
  for (App& app : apps) {
    if (app.id == id) return std::move(app);
  }
  return fail(Errc::not_found, "the app was destroyed meanwhile");
}

Result<> add_all(WriteTx& tx, AppId app, const std::vector<Domain>& domains) {
  for (const Domain& domain : domains) TRY(add_domain(tx, app, domain));
  return record_mirror(tx, app);
}

std::string port_suffix(std::uint16_t port) { return port == 80 ? "" : ":" + std::to_string(port); }

}  // namespace

namespace {

// The names that follow from an app's name, whether they are free or not.
Result<std::vector<Domain>> names_from(const ReadTx& tx, const AppName& name) {
  std::vector<Domain> names;
  if (name.str().find('.') != std::string::npos) {
    Result<Domain> own = Domain::parse(name.str());
    if (own) names.push_back(*own);
    return names;
  }
  const std::vector<Domain> globals = TRY(list_domains(tx, AppId::global));
  for (const Domain& global : globals) {
    if (global.is_address() || global.wildcard()) continue;
    Result<Domain> below = Domain::parse(name.str() + "." + global.str());
    if (below) names.push_back(*below);
  }
  return names;
}

}  // namespace

Result<std::vector<Domain>> default_domains(const ReadTx& tx, const AppName& name) {
  const std::vector<Domain> names = TRY(names_from(tx, name));
  std::vector<Domain> free;
  for (const Domain& each : names) {
    const std::optional<AppName> owner = TRY(domain_owner(tx, each));
    if (!owner || *owner == name) free.push_back(each);
  }
  return free;
}

Result<> rename_default_domains(WriteTx& tx, const App& app, const AppName& old) {
  const std::vector<Domain> before = TRY(list_domains(tx, app.id));
  const std::vector<Domain> stale = TRY(names_from(tx, old));
  const std::vector<Domain> fresh = TRY(default_domains(tx, app.name));
  std::vector<Domain> after;
  bool placed = false;
  for (const Domain& each : before) {
    if (std::find(stale.begin(), stale.end(), each) == stale.end()) {
      after.push_back(each);
    } else if (!placed) {
      placed = true;
      after.insert(after.end(), fresh.begin(), fresh.end());
    }
  }
  TRY(clear_domains(tx, app.id));
  for (const Domain& each : after) TRY(add_domain(tx, app.id, each));
  return ensure_own_port(tx, app.id);
}

Result<> ensure_own_port(WriteTx& tx, AppId id) {
  const App app = TRY(app_by_id(tx, id));
  if (app.own_port) return {};
  const std::vector<Domain> domains = TRY(list_domains(tx, id));
  const bool disabled = TRY(proxy_disabled(tx, id));
  if (app.vhosts_enabled && !domains.empty() && !disabled) return {};
  const PortRange range = TRY(port_range(tx));
  const std::set<std::uint16_t> taken = TRY(taken_ports(tx));
  for (unsigned port = range.first; port <= range.last; ++port) {
    const auto candidate = static_cast<std::uint16_t>(port);
    if (taken.count(candidate) != 0 || !port_is_free(candidate)) continue;
    return set_app_own_port(tx, id, candidate);
  }
  return fail(Errc::limit_exceeded, "No free port is left between " + std::to_string(range.first) +
                                        " and " + std::to_string(range.last) +
                                        "\nSet a wider range: dokku domains:set-property --global "
                                        "port-range 20000-29999");
}

Result<std::vector<DomainOutcome>> Domains::add(const App& app,
                                                const std::vector<Domain>& domains) {
  const auto change = [&](WriteTx& tx) -> Result<std::vector<DomainOutcome>> {
    std::vector<DomainOutcome> outcomes;
    for (const Domain& domain : domains) {
      const bool added = TRY(add_domain(tx, app.id, domain));
      outcomes.push_back({domain, added});
    }
    TRY(set_app_vhosts_enabled(tx, app.id, true));
    TRY(record_mirror(tx, app.id));
    return outcomes;
  };
  std::vector<DomainOutcome> outcomes = TRY(store_.write(change));
  mirror_.write(app);
  return outcomes;
}

Result<std::vector<DomainOutcome>> Domains::remove(const App& app,
                                                   const std::vector<Domain>& domains) {
  const auto change = [&](WriteTx& tx) -> Result<std::vector<DomainOutcome>> {
    std::vector<DomainOutcome> outcomes;
    for (const Domain& domain : domains) {
      const bool removed = TRY(remove_domain(tx, app.id, domain));
      outcomes.push_back({domain, removed});
    }
    TRY(ensure_own_port(tx, app.id));
    TRY(record_mirror(tx, app.id));
    return outcomes;
  };
  std::vector<DomainOutcome> outcomes = TRY(store_.write(change));
  mirror_.write(app);
  return outcomes;
}

Result<> Domains::set(const App& app, const std::vector<Domain>& domains) {
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(clear_domains(tx, app.id));
    TRY(add_all(tx, app.id, domains));
    TRY(set_app_vhosts_enabled(tx, app.id, true));
    TRY(record_mirror(tx, app.id));
    return ensure_own_port(tx, app.id);
  };
  TRY(store_.write(change));
  mirror_.write(app);
  return {};
}

Result<> Domains::clear(const App& app) {
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(clear_domains(tx, app.id));
    TRY(record_mirror(tx, app.id));
    return ensure_own_port(tx, app.id);
  };
  TRY(store_.write(change));
  mirror_.write(app);
  return {};
}

Result<> Domains::reset(const App& app) {
  TRY(mirror_.take_up_global());
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(clear_domains(tx, app.id));
    const std::vector<Domain> names = TRY(default_domains(tx, app.name));
    TRY(add_all(tx, app.id, names));
    TRY(set_app_vhosts_enabled(tx, app.id, true));
    TRY(record_mirror(tx, app.id));
    return ensure_own_port(tx, app.id);
  };
  TRY(store_.write(change));
  mirror_.write(app);
  return {};
}

Result<> Domains::set_enabled(const App& app, bool enabled) {
  return store_.write([&](WriteTx& tx) -> Result<> {
    TRY(set_app_vhosts_enabled(tx, app.id, enabled));
    return ensure_own_port(tx, app.id);
  });
}

Result<> Domains::add_global(const std::vector<Domain>& domains) {
  TRY(mirror_.take_up_global());
  TRY(store_.write([&](WriteTx& tx) { return add_all(tx, AppId::global, domains); }));
  mirror_.write_global();
  return {};
}

Result<> Domains::remove_global(const std::vector<Domain>& domains) {
  TRY(mirror_.take_up_global());
  const auto change = [&](WriteTx& tx) -> Result<> {
    for (const Domain& domain : domains) TRY(remove_domain(tx, AppId::global, domain));
    return record_mirror(tx, AppId::global);
  };
  TRY(store_.write(change));
  mirror_.write_global();
  return {};
}

Result<> Domains::set_global(const std::vector<Domain>& domains) {
  TRY(mirror_.take_up_global());
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(clear_domains(tx, AppId::global));
    return add_all(tx, AppId::global, domains);
  };
  TRY(store_.write(change));
  mirror_.write_global();
  return {};
}

Result<DomainsReport> Domains::report(const App& app) {
  DomainsReport report = TRY(global_report());
  report.app_enabled = app.vhosts_enabled;
  report.app_vhosts = TRY(store_.read([&](ReadTx& tx) { return list_domains(tx, app.id); }));
  return report;
}

Result<DomainsReport> Domains::global_report() {
  TRY(mirror_.take_up_global());
  DomainsReport report;
  report.global_vhosts =
      TRY(store_.read([](ReadTx& tx) { return list_domains(tx, AppId::global); }));
  report.global_enabled = !report.global_vhosts.empty();
  return report;
}

Result<std::vector<std::string>> Domains::urls(const App& app) {
  const RouteSpec spec = TRY(store_.read([&](ReadTx& tx) { return route_spec(tx, app); }));
  std::vector<std::string> urls = urls_of(spec, instance_);
  if (spec.own_port) {
    const std::string host = TRY(shown_host());
    const bool literal_v6 = host.find(':') != std::string::npos;
    urls.push_back("http://" + (literal_v6 ? "[" + host + "]" : host) +
                   port_suffix(*spec.own_port));
  }
  std::sort(urls.begin(), urls.end());
  return urls;
}

Result<std::string> Domains::shown_host() {
  TRY(mirror_.take_up_global());
  const std::optional<std::string> set =
      TRY(store_.read([](ReadTx& tx) { return property(tx, AppId::global, kShownHostProperty); }));
  return set ? *set : outward_address();
}

Result<> Domains::set_shown_host(const std::string& host) {
  if (!host.empty()) TRY(check_host(host));
  TRY(mirror_.take_up_global());
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(set_property(tx, AppId::global, kShownHostProperty,
                     host.empty() ? std::nullopt : std::optional<std::string>(host)));
    return record_mirror(tx, AppId::global);
  };
  TRY(store_.write(change));
  mirror_.write_global();
  return {};
}

Result<> Domains::set_port_range(const std::string& range) {
  if (!range.empty()) TRY(parse_range(range));
  return store_.write([&](WriteTx& tx) {
    return set_property(tx, AppId::global, kPortRange,
                        range.empty() ? std::nullopt : std::optional<std::string>(range));
  });
}

Result<> Domains::routes_changed(const App& app, Progress& progress) {
  return lifecycle_.routes_changed(app.name, progress);
}

}  // namespace dokku::server
