// Apps: create, find, list and destroy. For cli/commands/apps.cc and for the push of a new app.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/deploy/deploys.h"
#include "server/model/instance.h"
#include "server/model/key_role.h"
#include "server/model/progress.h"
#include "server/platform/lifecycle.h"
#include "server/platform/mirror.h"
#include "server/store/apps.h"

namespace dokku::server {

struct AppReport {
  App app;
  std::string deploy_source;           // "git-push"; empty: never deployed
  std::string deploy_source_metadata;  // commit id
  std::string dir;
  std::string global_disable_autocreation;  // "true", or empty: not set
};

// How an app is renamed or cloned, and by whom.
struct AppMove {
  std::string who;
  std::string command;
  bool skip_deploy = false;
};

class Apps {
 public:
  // `deploys` may be null where nothing is renamed or cloned.
  Apps(const Instance& instance, Store& store, const Clock& clock, Lifecycle& lifecycle,
       Mirror& mirror, Deploys* deploys, AppScope scope = {})
      : instance_(instance),
        store_(store),
        clock_(clock),
        lifecycle_(lifecycle),
        mirror_(mirror),
        deploys_(deploys),
        scope_(std::move(scope)) {}

  // not_found: "App NAME does not exist", also for what cannot be a name.
  Result<App> find(std::string_view name);
  Result<std::vector<App>> list();
  // With its first domains (APP.GLOBAL for each global domain; none: a port of its own on the
  // host), in one transaction. already_exists: "Name is already taken". permission_denied: the
  // name is outside the caller's scope.
  Result<App> create(const AppName& name);
  // The app of that name, made when it is missing: for a first push. conflict: auto-creation is
  // disabled.
  Result<App> find_or_create(const AppName& name);
  Result<> destroy(const App& app, Progress& progress);
  // Waits for a deploy of the app; what runs goes on without a gap under the new name. The name
  // that the app had from its old one becomes that of the new one. already_exists.
  Result<App> rename(const App& app, const AppName& to, const AppMove& how, Progress& progress);
  // Config, settings, counts, and what was deployed: image, source and repository; not the app's
  // own domains, certificates and https ports. Runs when the first one does. already_exists.
  Result<App> clone(const App& app, const AppName& to, const AppMove& how, Progress& progress);
  // For find_or_create.
  Result<> set_autocreation_disabled(bool disabled);
  Result<std::string> disable_autocreation();  // "true", or empty: not set
  Result<> set_locked(const App& app, bool locked);
  Result<AppReport> report(const App& app);
  // Has it a live release?
  Result<bool> deployed(const App& app);

  // permission_denied: a new app may not be called so by this caller.
  Result<> check_scope(const AppName& name);

 private:
  const Instance& instance_;
  Store& store_;
  const Clock& clock_;
  Lifecycle& lifecycle_;
  Mirror& mirror_;
  Deploys* deploys_;
  AppScope scope_;  // others do not exist here
};

}  // namespace dokku::server
