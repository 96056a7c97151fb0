// Doctor: what is wrong with this server, and what mends it (`dokku doctor`).
//
// One function per check (checks.h); each looks, none changes anything. Whatever stands still (a
// silent name server, a runtime that is away) costs half a second at most, since the checks that
// wait do so side by side. Threads: any.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "runtime/api/containers.h"
#include "runtime/api/networks.h"
#include "server/doctor/finding.h"
#include "server/doctor/host_view.h"
#include "server/model/instance.h"
#include "server/store/apps.h"
#include "server/supervise/executor.h"

namespace dokku::server {

// Borrowed. Null in tests of what is above: their checks are left out.
struct DoctorParts {
  const Instance& instance;
  Store& store;
  const Clock& clock;
  HostView* host = nullptr;
  Executor* executor = nullptr;
  runtime::Containers* containers = nullptr;
  runtime::Networks* networks = nullptr;
};

// What the caller may see: all, or these apps alone, which leaves out what is the server's.
struct DoctorScope {
  std::vector<App> apps;
  bool whole = true;
};

// In a fixed order, so that two outputs can be compared.
Findings examine(const DoctorParts& parts, const DoctorScope& scope);

// Containers, networks and cgroups that no app owns; files are Deploys::clean_up's. Looks anew.
Result<> remove_leftovers(const DoctorParts& parts);

}  // namespace dokku::server
