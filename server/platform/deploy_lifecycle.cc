#include "server/platform/deploy_lifecycle.h"

namespace dokku::server {

Result<App> DeployLifecycle::find(const AppName& name) {
  return store_.read([&](ReadTx& tx) { return find_app(tx, name); });
}

Result<> DeployLifecycle::restart(const AppName& name, std::string_view why, std::string_view who,
                                  Progress& progress) {
  const App app = TRY(find(name));
  return deploys_.restart(app, {.by = std::string(who), .why = std::string(why)}, progress);
}

// The proxy being away is no failure of a change that is stored: it learns of it when it is back.
Result<> DeployLifecycle::routes_changed(const AppName& name, Progress& progress) {
  const App app = TRY(find(name));
  Result<> published = deploys_.routes_changed(app);
  if (!published && published.error().code() == Errc::unavailable) {
    progress.warn("The proxy is away; it is told when it is back");
    return {};
  }
  return published;
}

Result<> DeployLifecycle::tear_down(const AppName& name, Progress& progress) {
  const App app = TRY(find(name));
  return deploys_.tear_down(app, {.by = "apps:destroy", .why = "apps:destroy"}, progress);
}

}  // namespace dokku::server
