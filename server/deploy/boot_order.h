// In which order apps are started after a reboot: those that people use come first.
//
// Called once by Deploys::recover; the supervisor starts what is missing in the order in which it
// is told. Looks at files, changes none.
#pragma once

#include <filesystem>
#include <vector>

#include "server/supervise/executor.h"

namespace dokku::server {

// By the proxy's access logs (APP-access.log): the app that was asked last is first. One that was
// never asked, or keeps no such log, counts as old; among those nothing changes.
void last_used_first(std::vector<ReleaseWanted>& wanted, const std::filesystem::path& access_logs);

}  // namespace dokku::server
