#include "server/platform/apps.h"

#include <sstream>

#include "server/platform/domains.h"
#include "server/platform/repository.h"
#include "server/store/config.h"
#include "server/store/config_history.h"
#include "server/store/domains.h"
#include "server/store/formation.h"
#include "server/store/properties.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr const char* kDisableAutocreation = "apps.disable-autocreation";

Result<std::string> read_disable_autocreation(const ReadTx& tx) {
  const std::optional<std::string> set = TRY(property(tx, AppId::global, kDisableAutocreation));
  return set.value_or("");
}

// The row with its first names, or else its own port: an app can always be reached.
Result<App> create_with_names(WriteTx& tx, const AppName& name, WallTime now) {
  const App app = TRY(create_app(tx, name, now));
  const std::vector<Domain> domains = TRY(default_domains(tx, name));
  for (const Domain& domain : domains) TRY(add_domain(tx, app.id, domain));
  TRY(ensure_own_port(tx, app.id));
  TRY(record_mirror(tx, app.id));
  return find_app(tx, name);
}

// Not of a twin: what is derived, what belongs to one app only, and what certificates are for.
bool stays_behind(const std::string& property) {
  for (const char* prefix : {"mirror.", "deploy.", "apps.", "certs."}) {
    if (property.starts_with(prefix)) return true;
  }
  return false;
}

// Maps are words: "http:80:5000 https:443:5000".
std::string without_https(const std::string& map) {
  std::istringstream words(map);
  std::string kept;
  for (std::string word; words >> word;) {
    if (!word.starts_with("https:443:")) kept += (kept.empty() ? "" : " ") + word;
  }
  return kept;
}

Result<> copy_settings(WriteTx& tx, const App& from, const App& to, const ConfigStep& step) {
  const ConfigValues config = TRY(config_values(tx, from.id));
  const ConfigChange change = TRY(replace_config(tx, to.id, config));
  if (!change.keys.empty()) {
    ConfigStep first = step;
    first.version = change.version;
    TRY(record_config_step(tx, to.id, first));
  }
  const auto settings = TRY(properties(tx, from.id, ""));
  for (const auto& [name, value] : settings) {
    if (stays_behind(name)) continue;
    const bool ports = name.starts_with("ports.");
    TRY(set_property(tx, to.id, name, ports ? without_https(value) : value));
  }
  const Formation counts = TRY(load_formation(tx, from.id));
  TRY(save_formation(tx, to.id, counts));
  TRY(set_app_vhosts_enabled(tx, to.id, from.vhosts_enabled));
  TRY(ensure_own_port(tx, to.id));
  return record_mirror(tx, to.id);
}

}  // namespace

Result<App> Apps::find(std::string_view name) {
  if (!scope_.sees(name)) return Fail(app_missing(name));
  return store_.read([&](ReadTx& tx) { return find_app(tx, name); });
}

Result<std::vector<App>> Apps::list() {
  std::vector<App> apps = TRY(store_.read([](ReadTx& tx) { return list_apps(tx); }));
  std::erase_if(apps, [&](const App& app) { return !scope_.sees(app.name.str()); });
  return apps;
}

Result<> Apps::check_scope(const AppName& name) {
  if (scope_.sees(name.str())) return {};
  return fail(Errc::permission_denied,
              "Access denied\nThis key is for " + scope_.text() + " only, not for " + name.str());
}

Result<App> Apps::create(const AppName& name) {
  TRY(check_scope(name));
  TRY(mirror_.take_up_global());
  App app =
      TRY(store_.write([&](WriteTx& tx) { return create_with_names(tx, name, clock_.wall()); }));
  mirror_.write(app);
  return app;
}

Result<App> Apps::find_or_create(const AppName& name) {
  if (!scope_.sees(name.str())) return Fail(app_missing(name.str()));
  TRY(mirror_.take_up_global());
  bool created = false;
  const auto find_or_make = [&](WriteTx& tx) -> Result<App> {
    Result<App> found = find_app(tx, name);
    if (found || found.error().code() != Errc::not_found) return found;
    const std::string disabled = TRY(read_disable_autocreation(tx));
    if (!disabled.empty()) return fail(Errc::conflict, "App auto-creation disabled.");
    created = true;
    return create_with_names(tx, name, clock_.wall());
  };
  App app = TRY(store_.write(find_or_make));
  if (created) mirror_.write(app);
  return app;
}

Result<> Apps::destroy(const App& app, Progress& progress) {
  TRY(lifecycle_.tear_down(app.name, progress));
  TRY(store_.write([&](WriteTx& tx) { return delete_app(tx, app.id); }));
  mirror_.remove(app.name);
  return {};
}

Result<App> Apps::rename(const App& app, const AppName& to, const AppMove& how,
                         Progress& progress) {
  if (deploys_ == nullptr) return fail(Errc::internal, "there is no deploy engine");
  TRY(check_scope(to));
  TRY(mirror_.take_up_global());
  const auto also = [&](WriteTx& tx, const App& renamed) -> Result<> {
    TRY(rename_default_domains(tx, renamed, app.name));
    return record_mirror(tx, renamed.id);
  };
  const Actor actor{.by = how.who, .why = how.command};
  TRY(deploys_->rename(app, {to, how.skip_deploy, also}, actor, progress));
  App renamed = TRY(find(to.str()));
  mirror_.renamed(app.name, renamed);
  return renamed;
}

Result<App> Apps::clone(const App& app, const AppName& to, const AppMove& how, Progress& progress) {
  if (deploys_ == nullptr) return fail(Errc::internal, "there is no deploy engine");
  TRY(check_scope(to));
  TRY(mirror_.take_up_global());
  const auto create = [&](WriteTx& tx, const App& from) -> Result<App> {
    const App twin = TRY(create_with_names(tx, to, clock_.wall()));
    TRY(copy_settings(tx, from, twin, {0, clock_.wall(), how.who, how.command, {}, {}}));
    return twin;
  };
  const Actor actor{.by = how.who, .why = how.command};
  App twin = TRY(deploys_->clone(app, {to, how.skip_deploy, create}, actor, progress));
  mirror_.write(twin);
  const Result<> copied = copy_repository(instance_, app.name, to);
  if (!copied) progress.warn(copied.error().message());
  const bool has_image = TRY(deployed(twin));
  if (has_image && !app.stopped && !how.skip_deploy) {
    TRY(deploys_->restart(twin, actor, progress));
  }
  return twin;
}

Result<> Apps::set_locked(const App& app, bool locked) {
  return store_.write([&](WriteTx& tx) { return set_app_locked(tx, app.id, locked); });
}

Result<> Apps::set_autocreation_disabled(bool disabled) {
  return store_.write([&](WriteTx& tx) {
    return set_property(tx, AppId::global, kDisableAutocreation,
                        disabled ? std::optional<std::string>("true") : std::nullopt);
  });
}

Result<std::string> Apps::disable_autocreation() { return store_.read(read_disable_autocreation); }

Result<bool> Apps::deployed(const App& app) {
  return store_.read([&](ReadTx& tx) -> Result<bool> {
    const std::optional<Release> live = TRY(live_release(tx, app.id));
    return live.has_value();
  });
}

Result<AppReport> Apps::report(const App& app) {
  AppReport report{app, {}, {}, (instance_.home_dir / app.name.str()).string(), {}};
  const auto fill = [&](ReadTx& tx) -> Result<> {
    const std::optional<Release> live = TRY(live_release(tx, app.id));
    if (live && !live->git_ref.empty()) {
      report.deploy_source = "git-push";
      report.deploy_source_metadata = live->revision;
    }
    report.global_disable_autocreation = TRY(read_disable_autocreation(tx));
    return {};
  };
  TRY(store_.read(fill));
  return report;
}

}  // namespace dokku::server
