// The way in: containers and images of one containerd namespace.
//
// Called once by main; the rest of the tree sees runtime/api only. Both objects share one
// connection and one thread for events, hold nothing else, and end in any order. They survive
// restarts of containerd: calls wait a few seconds for it to come back, then fail as unavailable.
// Nothing is lost when we end: containers run on, and the next connection finds them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/api/containers.h"
#include "runtime/api/images.h"

namespace dokku::runtime {

struct ContainerdOptions {
  std::filesystem::path socket = "/run/containerd/containerd.sock";
  std::string containerd_namespace = "dokku";  // letters, digits, single '.', '_', '-' between
  std::string cgroup_parent = "/dokku";        // containers get <parent>/<id>
  std::string snapshotter = "overlayfs";
  int oom_score_adj = 500;
};

struct Containerd {
  std::unique_ptr<Containers> containers;
  std::unique_ptr<Images> images;
};

// Makes the namespace if it is not there. unavailable: nothing answers at the socket.
Result<Containerd> connect(const ContainerdOptions& options);

// Removes what an instance leaves behind in containerd and in the cgroup file system: containers,
// images, the namespace, the empty cgroup parent. For uninstalling and for tests.
Result<> remove_everything(const ContainerdOptions& options);

}  // namespace dokku::runtime
