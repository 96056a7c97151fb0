// What the driver reads from the cgroup file system itself, for version 1 and version 2.
//
// runc makes and removes the containers' cgroups; this only looks, and removes the empty parent at
// the end. Internal to this folder. Threads: any.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::runtime {

class Cgroups {
 public:
  // `mounts` is where the hierarchies are, for tests.
  explicit Cgroups(std::string parent, std::filesystem::path mounts = "/sys/fs/cgroup");

  // Whether the memory limit has killed a process of the container. Known until its task is
  // removed; false when there is no such cgroup.
  bool out_of_memory(const std::string& id) const;
  // Whether the kernel can limit memory and swap together.
  bool limits_swap() const;
  // Removes the parent's directories, which must be empty of containers.
  Result<> remove_parent() const;

 private:
  std::string parent_;
  std::filesystem::path mounts_;
  bool unified_;
};

}  // namespace dokku::runtime
