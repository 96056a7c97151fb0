// Lifecycle: what the state of an app (this folder) asks of its processes and routes.
//
// Implemented by the deploy part of this folder, faked in tests (tests/fakes/fake_lifecycle.h).
// Always called after the change was committed, but for `tear_down`. Threads: any; calls block, and
// wait for a running deploy of the same app.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/model/app_name.h"
#include "server/model/progress.h"

namespace dokku::server {

class Lifecycle {
 public:
  virtual ~Lifecycle() = default;

  // Deploys the live release's image again with the config as it is now: release, checks, switch,
  // no build. `why` is what was typed ("config:set"), `who` who did it.
  virtual Result<> restart(const AppName& app, std::string_view why, std::string_view who,
                           Progress& progress) = 0;
  // Names or ports of the app changed: gives the proxy what the store says now. Nothing restarts.
  virtual Result<> routes_changed(const AppName& app, Progress& progress) = 0;
  // Before the app leaves the store: ends its deploy, processes, routes, and removes files, images
  // and its repository. When it fails the app stays.
  virtual Result<> tear_down(const AppName& app, Progress& progress) = 0;
};

}  // namespace dokku::server
