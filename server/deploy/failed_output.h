// What the processes of an app's last failed deploy printed, for logs:failed.
//
// One small file beside the app's logs, gone with the next deploy that succeeds. Threads: any, one
// deploy per app at a time writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/model/instance.h"
#include "server/store/apps.h"

namespace dokku::server {

struct FailedOutput {
  std::string process;  // "web.1"
  std::vector<std::string> lines;
};

// A file that cannot be written only costs a line in the daemon's log.
void keep_failed_output(const Instance& instance, const App& app, const FailedOutput& output);
void forget_failed_output(const Instance& instance, const App& app);
// Lines "app[web.1]: text". Nothing: the last deploy did not fail so.
std::optional<std::string> failed_output(const Instance& instance, const App& app);

}  // namespace dokku::server
