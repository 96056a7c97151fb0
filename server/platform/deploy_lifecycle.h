// DeployLifecycle: what commands that change an app ask of its processes, done by server/deploy.
#pragma once

#include "server/deploy/deploys.h"
#include "server/platform/lifecycle.h"

namespace dokku::server {

class DeployLifecycle final : public Lifecycle {
 public:
  DeployLifecycle(Store& store, Deploys& deploys) : store_(store), deploys_(deploys) {}

  Result<> restart(const AppName& name, std::string_view why, std::string_view who,
                   Progress& progress) override;
  Result<> routes_changed(const AppName& name, Progress& progress) override;
  Result<> tear_down(const AppName& name, Progress& progress) override;

 private:
  Result<App> find(const AppName& name);

  Store& store_;
  Deploys& deploys_;
};

}  // namespace dokku::server
