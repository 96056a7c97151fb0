// What a process of an app finds in its container: arguments, environment, files, limits.
//
// The order of a start is the buildpacks' (config, then PORT, DYNO, HOME; login files; command).
// Values only; carried out by local_executor.cc.
#pragma once

#include <filesystem>

#include "runtime/api/containers.h"
#include "runtime/api/networks.h"
#include "server/supervise/executor.h"
#include "server/supervise/instance_id.h"
#include "server/supervise/tools.h"

namespace dokku::server {

// What the host lends to each container.
struct HostSide {
  ContainerTools tools;
  std::filesystem::path logs_dir;
  std::filesystem::path resolv_conf;
  std::filesystem::path ca_bundle;  // certificates of the host's own choice; empty: none
  std::filesystem::path storage_dir = {};  // where mounts with a relative source lie
};

// The host's bundle where Debian keeps it; empty when there is none.
std::filesystem::path host_ca_bundle();

runtime::ContainerSpec instance_spec(const InstanceKey& key, const ReleaseWanted& release,
                                     const ProcessWanted& process,
                                     const runtime::Endpoint& endpoint, const HostSide& host);
// Output goes to the logger, which keeps it in logs_dir/<app>/<type>.<n>.
runtime::Stdio instance_stdio(const InstanceKey& key, const HostSide& host);
// The same for a detached one-off: logs_dir/<app>/run.4711.
runtime::Stdio one_off_stdio(const std::string& app, const std::string& name,
                             const HostSide& host);
std::filesystem::path instance_logs(const std::filesystem::path& logs_dir, const std::string& app,
                                    const std::string& process);

// `now` and the run's life become labels, so that a later daemon can end it.
runtime::ContainerSpec one_off_spec(const RunSpec& run, const runtime::Endpoint& endpoint,
                                    const HostSide& host, WallTime now);
// A further process of an instance: its release's environment, the login files, the command.
runtime::ExecSpec enter_spec(const EnterSpec& enter, const ReleaseWanted& release,
                             const std::string& exec_id);

}  // namespace dokku::server
