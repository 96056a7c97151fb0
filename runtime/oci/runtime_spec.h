// ContainerSpec and the like as OCI runtime-spec JSON, which is what runc reads.
//
// Pure: no I/O, same input, same text. Threads: any. Source: OCI runtime-spec config.md,
// config-linux.md. Hardened by default; what a container may do more is said in its ContainerSpec.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/api/containers.h"

namespace dokku::runtime::oci {

// What the host and the instance add to a ContainerSpec.
struct SpecOptions {
  std::string cgroup_parent = "/dokku";  // the container's cgroup is <parent>/<id>
  bool limit_swap = true;                // false: the kernel does not account swap
  std::uint64_t shm_bytes = 64 << 20;
  // Positive: under memory pressure the kernel ends apps before the platform.
  int oom_score_adj = 500;
  // 0: as many open files as the container asks for. Else at most so many: a host that took
  // CAP_SYS_RESOURCE from its root refuses to start what asks for more.
  std::uint64_t open_files_max = 0;
};

// config.json of a container.
std::string spec_json(const ContainerSpec& spec, const SpecOptions& options);

// `process` of a further process of a container.
std::string process_json(const ExecSpec& what, const SpecOptions& options);

// `linux.resources` for changing the limits of a running container.
std::string resources_json(const Limits& limits, const SpecOptions& options);

// Whether a config.json asks for a terminal. False also for text that is none.
bool wants_terminal(const std::string& spec_json);
bool shares_shim(const std::string& spec_json);

}  // namespace dokku::runtime::oci
