// Which programs an instance consists of, how each is started and how it shows that it is ready.
//
// The one place that knows their arguments: the supervisor keeps them running, systemd's units
// become them (`dokku-supervise --become NAME`). containerd is not among them: a private one is
// dokkud's or a unit's, and outlives both. Pure, but for `environment`, which is the caller's own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/model/instance.h"
#include "server/model/upkeep.h"

namespace dokku::server {

// Whom the proxy becomes.
inline constexpr const char* kProxyUser = "dokku-proxy";

struct DaemonPlan {
  enum class Ready {
    listens,  // something accepts connections on `port`
    answers,  // `dokku version` is answered
  };
  std::string name;                    // "dokkud"
  std::filesystem::path program;       // absolute
  std::vector<std::string> arguments;  // with argv[0]
  std::filesystem::path log_file;
  std::filesystem::path pid_file;  // "PID START-TIME"
  Ready ready = Ready::listens;
  std::uint16_t port = 0;
};

// In the order of their start: the proxy, dokkud, and the sshd of an instance that has its own.
// `config_file` is what dokkud reads again.
std::vector<DaemonPlan> plans_of(const Instance& instance, const Upkeep& upkeep,
                                 const std::filesystem::path& config_file);

// not_found names those that there are.
Result<DaemonPlan> plan_named(const std::vector<DaemonPlan>& plans, std::string_view name);

}  // namespace dokku::server
