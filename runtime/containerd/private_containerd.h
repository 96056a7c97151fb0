// A containerd of our own, for instances that do not use the host's.
//
// It runs in its own session and outlives us, so that apps stay under control while we restart:
// on start its socket is tried first, and only if nobody answers there is one started. While this
// object lives it starts containerd again when it has ended, within a fraction of a second.
// Threads: any; one thread of its own waits for the end of the process.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::runtime {

struct PrivateContainerdOptions {
  std::filesystem::path socket;  // its directory holds containerd's state too, and may be lost
  std::filesystem::path root;    // images and snapshots; config and log are written here
  std::filesystem::path pid_file;  // written at each of its starts; empty: none
  std::string program = "containerd";
  // cgroup.procs files to enter before it starts; empty: ours.
  std::vector<std::string> cgroup_procs_files;
};

class PrivateContainerd {
 public:
  // Returns when a call was answered. unavailable: it ended or did not answer in time; the message
  // holds its last words.
  static Result<std::unique_ptr<PrivateContainerd>> ensure(const PrivateContainerdOptions& options);

  // Stops minding; containerd runs on.
  virtual ~PrivateContainerd() = default;
  virtual pid_t pid() const = 0;
  // Ends containerd (containers and their shims run on) and waits for it; it stays ended.
  virtual Result<> stop() = 0;
};

// For whoever is kept running by somebody else (a unit): writes the configuration and becomes
// containerd. Returns only when that fails.
Result<> become_containerd(const PrivateContainerdOptions& options);

}  // namespace dokku::runtime
